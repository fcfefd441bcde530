"""The documentation as a site, built by `make docs`: the pages are the Markdown files of this folder."""

project = "teal"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
html_theme = "furo"
html_title = "teal"
html_show_copyright = False
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4  # headings are linked to as on the pages of a repository
# A few pages lead to files that are not pages (code, the README). A unit test checks every link, those too.
suppress_warnings = ["myst.xref_missing"]
