{{ config(materialized="incremental", incremental_strategy="append") }}
select id, joined, current_timestamp() as seen from {{ ref("members") }}
{% if is_incremental() %}
where id > (select max(id) from {{ this }})
{% endif %}
