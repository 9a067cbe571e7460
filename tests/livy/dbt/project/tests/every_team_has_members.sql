select * from {{ ref("teams") }} where members < 1
