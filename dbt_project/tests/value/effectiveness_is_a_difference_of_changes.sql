-- Checks that an effect is the change of the supported schools less that of the similar ones, inside its interval, and
-- this inside what the outcome can take; that there is none of too few similar schools; and that no similar school was
-- supported or is of another municipality. To resolve: look at the pairs in fct_similar_school.
select
    effects.municipality_id,
    effects.reporting_year,
    effects.outcome,
    effects.difference,
    pairs.school_id,
    pairs.similar_school_id
from {{ ref('fct_effectiveness') }} as effects
inner join {{ ref('effectiveness_outcomes') }} as outcomes using (outcome)
left join {{ ref('fct_similar_school') }} as pairs using (municipality_id, reporting_year, outcome)
left join {{ ref('fct_school_status') }} as similar_schools
    on
        pairs.similar_school_id = similar_schools.school_id
        and pairs.reporting_year = similar_schools.reporting_year + 1
where
    abs(effects.change_supported - effects.change_comparison - effects.difference) > 0.000001
    or effects.ci_low > least(effects.difference, outcomes.highest - outcomes.lowest)
    or effects.ci_high < greatest(effects.difference, outcomes.lowest - outcomes.highest)
    or effects.ci_low < outcomes.lowest - outcomes.highest
    or effects.ci_high > outcomes.highest - outcomes.lowest
    or (effects.comparison_schools < outcomes.min_schools and effects.difference is not null)
    or (effects.difference is null) <> (effects.ci_low is null and effects.ci_high is null)
    or effects.comparison_schools > effects.supported_schools
    or similar_schools.is_supported
    or similar_schools.municipality_id <> effects.municipality_id
