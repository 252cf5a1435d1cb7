-- Who counts 4: one result per pupil, exam, subject and year, the best valid one, after corrections and appeals.
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
),

in_force as (
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
),

upheld_appeals as (
    select
        *,
        coalesce(exam_date, make_date(reporting_year, 1, 1)) as result_date
    from {{ ref('stg_appeals') }}
    where is_upheld
),

-- The pupil by document; else by name and school, where one of the two has no document. The same date; else, where one
-- of the two has none, the year. The nearest kind of match counts, and only if it is unique.
appeal_matches as (
    select
        in_force.seq,
        in_force.sheet,
        in_force.row_number,
        appeals.primary_score,
        appeals.score,
        appeals.order_seq,
        appeals.seq as appeal_seq,
        appeals.sheet as appeal_sheet,
        appeals.row_number as appeal_row_number,
        case
            when appeals.pupil_id = in_force.pupil_id and appeals.result_date = in_force.result_date then 0
            when appeals.pupil_id = in_force.pupil_id then 1
            when appeals.result_date = in_force.result_date then 2
            else 3
        end as distance
    from in_force
    inner join upheld_appeals as appeals
        on
            in_force.exam = appeals.exam
            and in_force.subject = appeals.subject
            and in_force.reporting_year = appeals.reporting_year
            and (
                in_force.pupil_id = appeals.pupil_id
                or (
                    in_force.pupil_name_id = appeals.pupil_name_id
                    and not (in_force.has_document and appeals.has_document)
                )
            )
            and (
                in_force.exam_date = appeals.exam_date
                or in_force.exam_date is null
                or appeals.exam_date is null
            )
),

nearest_matches as (
    select
        *,
        count(*) over (partition by appeal_seq, appeal_sheet, appeal_row_number, distance) as candidates
    from appeal_matches
    qualify distance = min(distance) over (partition by appeal_seq, appeal_sheet, appeal_row_number)
),

appealed as (
    select
        seq,
        sheet,
        row_number,
        primary_score as appeal_primary_score,
        score as appeal_score
    from nearest_matches
    where candidates = 1
    qualify
        row_number() over (
            partition by seq, sheet, row_number
            order by distance asc, order_seq desc, appeal_seq desc, appeal_row_number desc
        ) = 1
),

-- An appeal's score is a mark where the result has no test score.
corrected as (
    select
        in_force.* exclude (primary_score, test_score, mark),
        coalesce(appealed.appeal_primary_score, in_force.primary_score) as primary_score,
        case when in_force.test_score is not null then coalesce(appealed.appeal_score, in_force.test_score) end
            as test_score,
        case when in_force.test_score is null then coalesce(appealed.appeal_score, in_force.mark) else in_force.mark end
            as mark
    from in_force
    left join appealed using (seq, sheet, row_number)
),

valid as (
    select corrected.*
    from corrected
    inner join {{ ref('exams') }} as exams using (exam)
    where
        corrected.is_counted
        and coalesce(corrected.test_score, corrected.mark, corrected.primary_score) is not null
        and (
            corrected.exam_date is null
            or exams.counted_until_month is null
            or corrected.exam_date
            <= make_date(corrected.reporting_year, exams.counted_until_month, exams.counted_until_day)
        )
),

best as (
    select * from valid
    where not is_repeated
    union all
    select * from valid
    where is_repeated
    qualify
        row_number() over (
            partition by exam, pupil_id, subject, reporting_year
            order by
                coalesce(test_score, mark) desc nulls last,
                primary_score desc nulls last,
                result_date asc,
                school_id asc,
                seq desc,
                row_number asc
        ) = 1
)

select
    best.exam,
    best.school_id,
    best.reporting_year,
    best.subject,
    best.test_score,
    case best.exam when 'ege' then best.test_score else best.primary_score end as score,
    best.mark,
    case
        when best.mark is not null then best.mark = 2
        else best.test_score < coalesce(best.printed_minimum, thresholds.min_score)
    end as is_failed,
    best.seq,
    best.sheet,
    best.row_number
from best
left join {{ ref('stg_thresholds') }} as thresholds using (reporting_year, exam, subject)
