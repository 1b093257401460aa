"""Grades to a learning platform by LTI 1.3, Assignment and Grade Services 2.0, as a tool without a web server.

What is said to the platform is `scores`, how it is said `platform`, and what was said before `sent_scores`.
"""
