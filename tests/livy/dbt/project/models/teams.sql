select team, count(*) as members, min(joined) as since from {{ ref("members") }} group by team
