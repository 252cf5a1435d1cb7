-- Checks that the outcome "procedures with low results" can take as many as an edition lets identify: an interval of
-- effectiveness ends there. To resolve: raise `highest` in seeds/reference/effectiveness_outcomes.csv.
select
    procedures.methodology_version,
    count(*) as identifying_procedures,
    max(outcomes.highest) as highest
from {{ ref('identifying_procedures') }} as procedures
cross join {{ ref('effectiveness_outcomes') }} as outcomes
where outcomes.outcome = 'low_procedures'
group by procedures.methodology_version
having count(*) > max(outcomes.highest)
