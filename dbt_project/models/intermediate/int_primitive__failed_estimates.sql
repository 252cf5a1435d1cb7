-- What is known of a failed share beyond the pupils of one year: over comparable years, and drawn to the region's share
-- as far as schools differ by chance (methodology, Small schools). Nothing that judges reads this.
with counted as (
    select
        procedures.school_id,
        procedures.reporting_year,
        procedures.procedure_id,
        procedures.failed,
        procedures.participants,
        years.pooled_years,
        years.wilson_z
    from {{ ref('int_primitive__procedures') }} as procedures
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    where procedures.failed is not null
),

years_back as (
    select
        *,
        unnest(range(pooled_years::bigint)) as back
    from counted
),

pooled as (
    select
        this_year.school_id,
        this_year.reporting_year,
        this_year.procedure_id,
        max(this_year.wilson_z) as wilson_z,
        sum(earlier.failed)::bigint as failed_pooled,
        sum(earlier.participants)::bigint as participants_pooled,
        count(*) as pooled_years
    from years_back as this_year
    inner join counted as earlier
        on
            this_year.school_id = earlier.school_id
            and this_year.procedure_id = earlier.procedure_id
            and this_year.reporting_year - this_year.back = earlier.reporting_year
    left join {{ ref('int_methodology__pairs') }} as pairs
        on
            this_year.procedure_id = pairs.procedure_id
            and this_year.reporting_year = pairs.reporting_year
            and earlier.reporting_year = pairs.year_before
    where pairs.procedure_id is null
    group by this_year.school_id, this_year.reporting_year, this_year.procedure_id
),

sums as (
    select
        reporting_year,
        procedure_id,
        count(*) as schools,
        sum(participants)::double as n,
        sum(failed)::double / sum(participants) as p,
        sum(participants * participants)::double / sum(participants) as mean_n,
        {{ in_order('sum', '(failed * failed)::double / participants') }} - sum(failed)::double * p as spread
    from counted
    group by reporting_year, procedure_id
),

-- rho: the share of the spread between schools that chance does not explain; null where nothing spreads.
region as (
    select
        reporting_year,
        procedure_id,
        p,
        (spread / nullif(p * (1 - p), 0) - (schools - 1)) / nullif(n - mean_n - (schools - 1), 0) as rho,
        greatest(1 / nullif(rho, 0) - 1, 0) as weight
    from sums
)

select
    counted.school_id,
    counted.reporting_year,
    counted.procedure_id,
    pooled.failed_pooled,
    pooled.participants_pooled,
    100.0 * pooled.failed_pooled / pooled.participants_pooled as failed_pooled_pct,
    {{ wilson_low_pct('pooled.failed_pooled', 'pooled.participants_pooled', 'pooled.wilson_z') }}
        as failed_pooled_ci_low_pct,
    {{ wilson_high_pct('pooled.failed_pooled', 'pooled.participants_pooled', 'pooled.wilson_z') }}
        as failed_pooled_ci_high_pct,
    pooled.pooled_years,
    100.0 * case
        when region.rho > 0
            then (counted.failed + region.p * region.weight) / (counted.participants + region.weight)
        else region.p
    end as failed_shrunk_pct
from counted
inner join pooled using (school_id, reporting_year, procedure_id)
inner join region using (reporting_year, procedure_id)
