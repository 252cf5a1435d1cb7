-- Из каких файлов и строк взято значение показателя?
with asked as (
    select
        '6017' as school_id,
        '2022' as period,
        '1.13' as indicator_code
)

select
    path,
    sheet,
    row_from,
    row_to,
    lineage.rows
from marts.fct_lineage as lineage
inner join asked using (school_id, period, indicator_code)
left join (
    select
        file_id,
        min(path) as path
    from meta.source_file
    group by file_id
) as files using (file_id)
order by path, sheet, row_from
