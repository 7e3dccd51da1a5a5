"""Language: models, tasks, proposals and verifiers, and the language game that they form.

`tasks` state problems and verify answers. `models` are language models. `proposals` turns a model into actions: it has
proposers, kinds of proposals, and the language game. `methods` spend a budget on one problem. `runtime` runs sessions
and schedules their requests. `thinking` has `think` for one problem, `think_all` for many, and chat. `traces` records
what was done. `tools` are programs that a model may call. `training` trains the tiny models.
"""
