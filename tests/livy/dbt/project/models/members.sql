{{ config(materialized="view") }}
select id, name, coalesce(nullif(team, ''), 'none') as team, joined from {{ ref("people") }}
