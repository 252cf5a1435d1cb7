-- A measure that stands at several indicators says the same at each of them. Matters when a recommendation is reworded.
-- To resolve: give all rows of the measure the same text, owner and roadmap item.
select
    measures.methodology_version,
    measures.measure_code
from {{ ref('measures') }} as measures
group by measures.methodology_version, measures.measure_code
having count(distinct concat_ws('|', measures.measure_text, measures.owner, measures.roadmap_item)) > 1
