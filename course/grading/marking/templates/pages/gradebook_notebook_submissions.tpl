{#- The list of submissions to mark: nbgrader's, with names shown from the start. -#}
{%- extends 'nbgrader/gradebook_notebook_submissions.tpl' -%}

{%- block head -%}
{{ super() }}
<style>
  body .name-hidden { display: none; }
  body .name-shown { display: inline-block; }
</style>
{%- endblock -%}

{%- block messages -%}
<button id="toggle_names" onclick="toggleAllNames()">Hide All Names</button>
{%- endblock -%}
