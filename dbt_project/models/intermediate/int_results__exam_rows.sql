-- Rows of the protocols in force: whose they are, and for each date the last that was sent (who counts 4).
with protocols as (
    {%- for exam in ['ege', 'oge'] %}
    select
        '{{ exam }}' as exam,
        school_id,
        reporting_year,
        subject,
        coalesce(exam_date, make_date(reporting_year, 1, 1)) as result_date,
        exam_date,
        pupil_id,
        pupil_name_id,
        has_document,
        primary_score,
        {{ 'test_score' if exam == 'ege' else 'null::integer as test_score' }},
        mark,
        is_counted,
        printed_minimum,
        short_answers,
        long_answers,
        seq,
        order_seq,
        sheet,
        row_number
    from {{ ref('stg_' ~ exam ~ '_results') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A row without a document is the pupil with this name in this school who has one elsewhere, if that is unique.
names_without_document as (
    select distinct
        exam,
        reporting_year,
        pupil_name_id
    from protocols
    where not has_document
),

pupils_by_name as (
    select
        protocols.exam,
        protocols.reporting_year,
        protocols.pupil_name_id,
        min(protocols.pupil_id) as pupil_id
    from protocols
    semi join names_without_document using (exam, reporting_year, pupil_name_id)
    where protocols.has_document
    group by all
    having count(distinct protocols.pupil_id) = 1
),

identified as (
    select
        protocols.* exclude (pupil_id),
        coalesce(pupils_by_name.pupil_id, protocols.pupil_id) as pupil_id
    from protocols
    left join pupils_by_name
        on
            not protocols.has_document
            and protocols.exam = pupils_by_name.exam
            and protocols.reporting_year = pupils_by_name.reporting_year
            and protocols.pupil_name_id = pupils_by_name.pupil_name_id
),

-- Most pupils have one row a subject: only the others need corrections settled and a best result chosen.
repeated as (
    select
        exam,
        pupil_id,
        subject,
        reporting_year
    from identified
    group by all
    having count(*) > 1
)

select
    identified.*,
    false as is_repeated
from identified
anti join repeated using (exam, pupil_id, subject, reporting_year)
union all by name
select
    identified.*,
    true as is_repeated
from identified
semi join repeated using (exam, pupil_id, subject, reporting_year)
qualify
    row_number() over (
        partition by
            identified.exam,
            identified.pupil_id,
            identified.subject,
            identified.reporting_year,
            identified.result_date
        order by identified.order_seq desc, identified.seq desc, identified.row_number desc
    ) = 1
