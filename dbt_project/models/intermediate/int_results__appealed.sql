-- The upheld appeal of a row of a protocol, where it is clear which row it speaks of (who counts 4).
with upheld_appeals as (
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
    from {{ ref('int_results__exam_rows') }} as in_force
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
)

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
