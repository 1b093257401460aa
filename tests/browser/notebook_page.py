"""A notebook in JupyterLab, used as a student does: by its menus, its search, its cells."""

import re


class Notebook:
    """The notebook that is open on a page of JupyterLab."""

    def __init__(self, page):
        self.page = page
        self.panel = page.locator(".jp-NotebookPanel:visible")
        self.panel.locator(".jp-CodeCell .cm-content:visible").first.wait_for()

    def find(self, line):
        """The cell that this line is in, found by the search: what is far down is not on the page until then."""
        self.panel.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
        self.page.keyboard.press("Control+f")
        search = self.page.get_by_placeholder("Find", exact=True)
        search.fill(line)
        self.page.locator(".jp-DocumentSearch-index-counter", has_text=re.compile(r"\d+\s*/\s*[1-9]")).wait_for()
        search.press("Enter")
        text = self.page.locator(".cm-content, .jp-RenderedMarkdown", has_text=line)
        cell = self.panel.locator(".jp-CodeCell, .jp-MarkdownCell").filter(has=text).first
        cell.wait_for()
        search.press("Escape")
        return cell

    def write(self, line, text):
        """Put a text in the place of the whole cell that holds the line."""
        cell = self.find(line)
        cell.locator(".cm-content, .jp-RenderedMarkdown").first.dblclick()  # a text becomes its source by that
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def output(self, line):
        """What stands below the cell that holds the line."""
        return self.find(line).locator(".jp-OutputArea")

    def choose(self, menu, entry):
        """Choose an entry of the menu bar."""
        self.page.locator(".lm-MenuBar-item", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(".lm-Menu-item", has_text=re.compile(f"^{re.escape(entry)}")).first.click()

    def validate(self):
        """What the button *Validate* says, when it has run all cells; the dialog is closed then."""
        self.page.get_by_role("button", name="Validate").click()
        dialog = self.page.locator(".jp-Dialog")
        dialog.wait_for()
        text = dialog.inner_text()
        dialog.get_by_role("button").last.click()
        dialog.wait_for(state="detached")
        return text
