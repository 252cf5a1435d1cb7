select
    procedure_id,
    reporting_year,
    task,
    position,
    max_points,
    max_source,
    level,
    skill,
    content_codes
from {{ ref('int_task__tasks') }}
