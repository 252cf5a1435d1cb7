-- Каковы доли по району: педагоги с категорией, «2» по ВПР, высокие баллы? (Сумма к сумме, не среднее долей.)
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    indicator_code,
    indicator_name,
    period,
    count(*) as schools,
    sum(numerator)::bigint as numerator,
    sum(denominator)::bigint as denominator,
    round(100 * sum(numerator) / sum(denominator), 1) as share_pct,
    round(avg(value), 1) as mean_of_schools_pct
from marts.fct_indicator_value
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_indicator using (methodology_version, indicator_code, component)
where is_share_of_counts and numerator is not null and component = ''
group by indicator_code, indicator_name, period, sort_order
having sum(denominator) > 0
order by sort_order, period
