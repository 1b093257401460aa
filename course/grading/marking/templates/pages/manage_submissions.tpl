{#- The page with the button for autograding: nbgrader's, with what the button does and does not do. -#}
{%- extends 'nbgrader/manage_submissions.tpl' -%}

{%- block messages -%}
<div class="alert alert-warning" role="note">
  <p>Grade a class with <code>course grade {{ assignment_id | e }} --folder '{{ course_dir | e }}'</code>.</p>
  <p>The buttons under <b>Autograde</b> are plain nbgrader. They run a submission and its tests in boxes and keep
  hidden tests out of feedback, too; but they mend no damaged file, use full-size parameters, and take a fault of the
  machine for the student's. A submission that <code>course grade</code> has graded
  is left as it is.</p>
</div>
{%- endblock -%}
