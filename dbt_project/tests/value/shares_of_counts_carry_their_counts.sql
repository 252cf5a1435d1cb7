-- Checks that a share of counts has numerator, denominator and interval around its value, and nothing else has them.
-- Only shares printed as percentages (who counts 5) and a share without participants (2.9) come without.
select
    facts.school_id,
    facts.period,
    facts.indicator_code,
    facts.value,
    facts.numerator,
    facts.denominator,
    facts.ci_low,
    facts.ci_high
from {{ ref('fct_indicator_value') }} as facts
inner join {{ ref('dim_indicator') }} as indicators using (methodology_version, indicator_code, component)
left join {{ ref('int_indicator__settings') }} as settings using (reporting_year, indicator_code, component)
where
    facts.status in ('scored', 'no_points')
    and case
        when not indicators.is_share_of_counts then facts.numerator is not null or facts.ci_low is not null
        when facts.numerator is null then facts.value is not null and settings.family <> 'share_of_twos'
        else
            facts.denominator is null
            or abs(facts.value - 100.0 * facts.numerator / facts.denominator) > 0.000001
            or facts.ci_low is null
            or facts.ci_high is null
            or facts.ci_low > facts.value + 0.000001
            or facts.ci_high < facts.value - 0.000001
    end
