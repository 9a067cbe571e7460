{{ config(materialized="view") }}
select id, name, coalesce(team, 'none') as team, joined from {{ ref("people") }}
