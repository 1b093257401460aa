"""What people read and write beside notebooks: text files, tables, Markdown, logs, times and commands."""
