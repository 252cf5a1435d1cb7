-- A warehouse of invented schools with the tables and columns that scorecards read; see documents.py.
-- Parameters are the number of schools, of schools in a district, the year, and whether a card is full.
create schema marts;
create schema meta;
create table school as
    select
        (100000 + i)::varchar as school_id,
        (i // $district)::varchar as municipality_id,
        i::integer as school_number,
        i
    from range($schools) as numbers (i);
create table years as select unnest(case when $full then range($year - 2, $year + 1) else [$year] end) as reporting_year;

create table marts.dim_municipality as
    select distinct municipality_id, 'Район ' || municipality_id as municipality_name from school;
create table marts.dim_school as
    select
        school_id, municipality_id, school_number, 'МБОУ СОШ № ' || school_number as school_name, 'МБОУ' as legal_kind,
        'secondary' as school_type, 'город' as locality, null::varchar as fisoko_login, null::date as open_from,
        null::date as open_to, null::varchar as successor_school_id
    from school;
create table marts.dim_period as
    select $year::varchar as period, $year::integer as reporting_year, $year || ' год' as label;
create table marts.dim_indicator as select * from indicator;
create table marts.dim_procedure as
    select
        format('{}_{}_{}', exam, subject, grade) as procedure_id, exam, subject, grade,
        format('{}, {}, {} класс', upper(exam), subject, grade) as procedure_name, k <= 9 as is_identifying
    from (
        select
            k, ['vpr', 'oge', 'ege'][k % 3 + 1] as exam, ['русский язык', 'математика', 'биология'][k % 3 + 1] as subject,
            4 + k as grade
        from range(1, case when $full then 22 else 3 end) as ks (k)
    );

create table marts.fct_procedure_result as
    select
        school_id, municipality_id, $year::integer as reporting_year, procedure_id, participants, 2::bigint as absent,
        11.5 as mean_score, 3.4 as mean_mark, 100.0 * failed / participants as share_2_pct, 30.0 as share_3_pct,
        30.0 as share_4_pct, 10.0 as share_5_pct, failed, 100.0 * failed / participants as failed_pct,
        60.0 * failed / participants as failed_ci_low_pct, 120.0 * failed / participants as failed_ci_high_pct,
        3 * failed as failed_pooled, 3 * participants as participants_pooled, 3 as pooled_years,
        100.0 * failed / participants as failed_pooled_pct, 60.0 * failed / participants as failed_pooled_ci_low_pct,
        120.0 * failed / participants as failed_pooled_ci_high_pct, 30.0 as failed_shrunk_pct,
        10 * failed >= 3 * participants as is_low_result, 1 + i % 7 as pupils_to_threshold, 'pupil' as data_level,
        case when i % 5 = 0 then ['small_n'] else [] end as flags
    from (select *, 20 + i % 31 as participants, (i + grade) % 17 as failed from school, marts.dim_procedure);
create table marts.fct_municipality_procedure as
    select
        municipality_id, $year::integer as reporting_year, procedure_id, count(*) as schools,
        sum(participants)::bigint as participants, avg(mean_score) as mean_score, avg(mean_mark) as mean_mark,
        sum(failed)::bigint as failed, 100.0 * sum(failed) / sum(participants) as failed_pct
    from marts.fct_procedure_result
    group by all;

create table marts.fct_indicator_value as
    select
        school_id, municipality_id, reporting_year::integer as reporting_year,
        case period_type
            when 'quarter' then format('{}-Q{}', reporting_year, part)
            when 'half_year' then format('{}-H{}', reporting_year, part)
            else reporting_year::varchar
        end as period,
        indicator_code, component,
        case when max_points is null then 'no_points' when (i + task) % 9 = 0 then 'no_data' else 'scored' end as status,
        case when status = 'no_data' then 'no_form' end as reason,
        case when status <> 'no_data' then (i * 7 + hash(indicator_code) % 50 + reporting_year) % 100 / 3.0 end as value,
        case when status <> 'no_data' and unit like 'разность%' then value + 1 end as value_now,
        case when value_now is not null then 1.0 end as value_before,
        null::varchar as value_text, null::varchar as value_note,
        case when status <> 'no_data' and unit = '%' then 7::bigint end as numerator,
        case when numerator is not null then 20::bigint end as denominator,
        case when task = 1 and status <> 'no_data' then 20::bigint end as participants,
        case when status = 'scored' then (i + hash(indicator_code) % 4) % (max_points + 1) end::integer as points,
        max_points,
        case when numerator is not null then 18.1 end as ci_low,
        case when numerator is not null then 56.7 end as ci_high,
        case when i % 11 = 0 then ['not_comparable_years'] else [] end as flags,
        methodology_version
    from school, years, marts.dim_indicator,
        lateral (select unnest(range(1, case period_type when 'quarter' then 5 when 'half_year' then 3 else 2 end)) as part)
    where $full or indicator_code in ('1.10', '1.11', '2.1', '3.1');

create table marts.fct_school_status as
    select
        school_id, municipality_id, $year::integer as reporting_year, 2 as low_procedures,
        ['vpr_русский язык_7'] as low_procedure_ids, i % 3 = 0 as is_low_results, i % 3 = 1 as is_risk_zone,
        i % 4 = 0 as is_difficult_social, i % 3 = 0 as official_low_results, null::boolean as official_risk_zone,
        false as official_difficult_social, false as in_project_500, i % 3 < 2 and $full as is_supported,
        40.0 + i % 30 as social_index, (i % 40 - 20) / 10.0 as results_index, true as is_index_computed,
        30 + i % 40 as points, 91 as max_points, 100.0 * points / max_points as score_pct, 90.0 as coverage_pct,
        'struggling' as school_group, 'средние по всем показателям' as cluster, 'none' as change_from_previous_year,
        false as is_effective_mode
    from school;
create table marts.fct_recommendation as
    select
        school_id, $year::integer as reporting_year, rank::integer as rank, '1.' || (9 + rank) as indicator_code,
        3 as points_lost, 'M' as measure_code, 'Разобрать типичные ошибки работы номер ' || rank as measure_text,
        'МКУО КМЦ' as owner, '4.9' as roadmap_item, (100000 + (i // $district) * $district)::varchar as peer_school_id
    from school, range(1, 8) as ranks (rank)
    where i % 3 < 2 and $full;
create table marts.fct_support as
    select
        school_id, municipality_id, $year::integer as reporting_year, role, 'МКУО ЦОКО' as organisation,
        null::varchar as mentor_school_id, null::date as valid_from, null::date as valid_to
    from school, (values ('curator'), ('tutor')) as roles (role)
    where i % 3 < 2;
create table marts.fct_lineage as
    select
        school_id, period, indicator_code, component, 'f' || file as file_id, 'Лист1' as sheet, 4 as row_from, 30 as row_to,
        20::bigint as rows
    from marts.fct_indicator_value, range(2) as files (file)
    where status <> 'no_data' and reporting_year = $year;
create table meta.source_file as
    select
        'f' || file as file_id, format('2022/файл {}.xlsx', file) as path, 'form_staff' as dataset,
        timestamp '2023-06-01' as received_at
    from range(2) as files (file);
drop table school;
drop table years;
