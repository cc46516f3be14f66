"""The explorer: one step of backpropagation, number by number, as a page for the browser or the notebook.

    numpynet explore --open        the three models of the book, cut small
    t.page("mine.html")            your own network, traced with `numpynet.trace`

`page` puts the file together. Its data come from `steps` (a pass), `mistakes`, `training` and `images`. What the
browser does with them is in the folder `page`; begin with `explorer.mjs`. All texts are in `page/words.en.json` and
`page/words.zh.json`.
"""
