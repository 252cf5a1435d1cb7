-- A flag that a model sets stands on cards and pages in the words of the seed terms.
-- To resolve: give it a row of kind flag there. What is being updated is said by the open edition alone.
with

flags as (

    select unnest(flags) as flag from {{ ref('fct_indicator_value') }}
    union
    select unnest(flags) as flag from {{ ref('fct_procedure_result') }}

)

select flags.flag
from flags
where flags.flag not in (
    select terms.code from {{ ref('terms') }} as terms
    where terms.kind = 'flag' and terms.code <> 'being_updated'
)
