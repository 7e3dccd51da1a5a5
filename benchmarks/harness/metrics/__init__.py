"""The statistics of comparisons. Every study uses them; none has statistics of its own.

Numbers (scipy and statsmodels do the work; results are `Estimate`s of section.py with 95% intervals):

| file | what it has | method |
|---|---|---|
| shares.py | `share`, `wilson`, `paired_difference`, `unpaired_difference`, `mcnemar_p` | Wilson, Newcombe, McNemar |
| payoffs.py | `mean`, `paired_difference`, `paired_p` | bootstrap (BCa), permutation test, Student's |
| estimates.py | `estimate`: share or mean, by the unit | |
| clusters.py | `clustered_mean`: several samples of a problem, several problems of a seed | clustered standard errors |
| aggregates.py | `interquartile_mean`, `optimality_gap`, `probability_of_improvement` | stratified bootstrap |
| ratings.py | `rate`: Elo of players from `Game`s of two or more, with draws, seats, covariance | Davidson-Luce |
| pairs.py | `match_result`, `sprt`, `pentanomial`: a match of two in pairs of games | empirical likelihood, GSPRT |
| passes.py | `pass_at_k`, `fit_passes` for larger k, `held_out_passes` | unbiased estimate, beta-binomial fit |
| scaling.py | `fit` against log compute, `held_out` budgets, `scaling_table` | weighted least squares, GLM |
| verdicts.py | `holm`, `verdicts`: ahead, even or behind | Holm's correction |

From records to a `Section`:

| file | what it has |
|---|---|
| within.py | the score that a case had reached within a cost; what a record must hold for that |
| tables.py | `table` with columns `share_of`, `mean_of`, `mean_spent`, `share_within`, `difference_from`, `count`, |
| | `clustered_mean_of`, `interquartile_mean_of` |
| curves.py | `solved_curves` (share solved by cost), `budget_curves` (by budget), `mean_curves` (along curves); |
| | `by_budget`, `along`: the same numbers for scaling.py |
| comparisons.py | `Question`: `.within(cost, limits)`, `.at_budgets`, `.in_equal_time`; `paired` for two mappings |

A section in ten lines:

    roles = {"mcts": "ours", "best_of_n": "floor", "enumeration": "best"}
    asked = Question("solved", "problems solved", ours="mcts", items=("problem",))
    curves = solved_curves(records, "tokens", roles)
    Section(
        title="...",
        tables=[table(records, "Solved", ["method"], {"solved": share_of("solved"), "seconds": mean_spent("seconds")})],
        charts=[Chart("...", Axis("tokens", log=True), Axis("solved", unit="%"), curves)],
        comparisons=[*asked.within(records, "tokens", [100, 300]), *asked.within(records, "seconds", [0.1, 1])],
    )
"""
