-- What the clusters compare: the share of points that a school earned on each of four sides of task 1. Where one side
-- of a pair (exams, ВПР) is unknown the other stands in for it: no difference between them is assumed. Without a level
-- or without dynamics there is no profile.
with sides as (
    select
        vals.school_id,
        vals.municipality_id,
        vals.reporting_year,
        vals.methodology_version,
        {%- for axis in ['exam_level', 'vpr_level', 'exam_dynamics', 'vpr_dynamics'] %}
        sum(vals.points) filter (where axes.axis = '{{ axis }}')
        / sum(vals.max_points) filter (where axes.axis = '{{ axis }}') as {{ axis }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_indicator_value') }} as vals
    inner join {{ ref('cluster_indicators') }} as axes using (methodology_version, indicator_code)
    where vals.status = 'scored'
    group by all
)

select
    school_id,
    municipality_id,
    reporting_year,
    methodology_version,
    coalesce(exam_level, vpr_level) as exam_level,
    coalesce(vpr_level, exam_level) as vpr_level,
    coalesce(exam_dynamics, vpr_dynamics) as exam_dynamics,
    coalesce(vpr_dynamics, exam_dynamics) as vpr_dynamics
from sides
where
    (exam_level is not null or vpr_level is not null)
    and (exam_dynamics is not null or vpr_dynamics is not null)
