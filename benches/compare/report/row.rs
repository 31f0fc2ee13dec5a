//! One figure, and whether it is what it has to be.

use std::fmt;

use benches::Median;
use serde_json::{Value, json};

/// One figure beside its base, and what it may be.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The budget's number, or nothing for what is only shown.
    pub(crate) budget: &'static str,
    pub(crate) case: String,
    /// The figure of whom the case names; `None` where it was not run.
    pub(crate) ours: Option<f64>,
    pub(crate) base: Option<f64>,
    pub(crate) ratio: Option<f64>,
    pub(crate) limit: Option<Limit>,
    pub(crate) runs: usize,
    /// The quartiles of what the limit is for, or of what its figure was taken from.
    pub(crate) spread: (f64, f64),
}

/// What a figure may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Limit {
    /// What is not a number keeps no limit.
    fn allows(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(limit) => figure >= limit,
            Self::AtMost(limit) => figure <= limit,
        }
    }
}

impl Row {
    /// The median of these figures, which is only shown; of none, one that was not run.
    pub(crate) fn median(case: impl Into<String>, figures: &[f64]) -> Self {
        let median = Median::of(figures.iter().copied());
        let ours = (!figures.is_empty()).then_some(median.middle);
        Self::shown(case, ours, figures.len(), (median.lower, median.upper))
    }

    /// The highest of these figures.
    pub(crate) fn worst(case: impl Into<String>, figures: &[f64]) -> Self {
        Self { ours: figures.iter().copied().reduce(f64::max), ..Self::median(case, figures) }
    }

    /// All of these figures together.
    pub(crate) fn sum(case: impl Into<String>, figures: &[f64]) -> Self {
        let sum = (!figures.is_empty()).then(|| figures.iter().sum());
        Self { ours: sum, ..Self::median(case, figures) }
    }

    /// One figure.
    pub(crate) fn once(case: impl Into<String>, figure: f64) -> Self {
        Self::shown(case, Some(figure), 1, (figure, figure))
    }

    /// The median of ratios, each of one slice to those of the base beside it.
    pub(crate) fn ratio(case: impl Into<String>, pairs: &[(f64, f64)]) -> Self {
        let middle = |figures: &mut dyn Iterator<Item = f64>| Median::of(figures).middle;
        let ratios = Median::of(pairs.iter().map(|(ours, base)| ours / base));
        Self {
            ours: Some(middle(&mut pairs.iter().map(|(ours, _)| *ours))),
            base: Some(middle(&mut pairs.iter().map(|(_, base)| *base))),
            ratio: Some(ratios.middle),
            ..Self::shown(case, None, pairs.len(), (ratios.lower, ratios.upper))
        }
    }

    fn shown(case: impl Into<String>, ours: Option<f64>, runs: usize, spread: (f64, f64)) -> Self {
        Self { budget: "", case: case.into(), ours, base: None, ratio: None, limit: None, runs, spread }
    }

    /// The figure beside this one, without a ratio.
    pub(crate) fn beside(self, base: f64) -> Self {
        Self { base: Some(base), ..self }
    }

    /// Is to keep the limit of this budget.
    pub(crate) fn budget(self, budget: &'static str, limit: Limit) -> Self {
        Self { budget, limit: Some(limit), ..self }
    }

    /// What the limit is for: the ratio where there is one.
    fn judged(&self) -> Option<f64> {
        self.ratio.or(self.ours)
    }

    /// `None` for what is only shown. What was to be measured and was not does not hold.
    pub(crate) fn holds(&self) -> Option<bool> {
        let limit = self.limit?;
        Some(self.judged().is_some_and(|judged| limit.allows(judged)))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "budget": self.budget,
            "case": self.case,
            "ours": self.ours,
            "base": self.base,
            "ratio": self.ratio,
            "limit": self.limit.map(|limit| limit.to_string()),
            "holds": self.holds(),
            "runs": self.runs,
            "spread": [self.spread.0, self.spread.1],
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(limit) => write!(f, ">= {limit}"),
            Self::AtMost(limit) => write!(f, "<= {limit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_judged_before_the_figure_itself() {
        let row = Row::ratio("speed", &[(90.0, 100.0), (99.0, 100.0), (50.0, 100.0)]);
        assert_eq!((row.ours, row.base, row.ratio), (Some(90.0), Some(100.0), Some(0.9)));
        assert_eq!(row.clone().budget("P1", Limit::AtLeast(0.9)).holds(), Some(true));
        assert_eq!(row.budget("P1", Limit::AtLeast(0.91)).holds(), Some(false));
    }

    #[test]
    fn without_a_limit_nothing_is_judged() {
        assert_eq!(Row::median("shown", &[1.0]).holds(), None);
    }

    #[test]
    fn what_was_not_run_does_not_hold() {
        for row in [Row::median("none", &[]), Row::worst("none", &[]), Row::sum("none", &[])] {
            assert_eq!(row.budget("P6", Limit::AtMost(1.0)).holds(), Some(false));
        }
        assert_eq!(Row::once("no number", f64::NAN).budget("P4", Limit::AtMost(1.0)).holds(), Some(false));
    }

    #[test]
    fn the_worst_and_the_sum_are_of_all_figures() {
        let figures = [3.0, 1.0, 2.0];
        let at = |row: Row| row.ours;
        assert_eq!(at(Row::median("median", &figures)), Some(2.0));
        assert_eq!(at(Row::worst("worst", &figures)), Some(3.0));
        assert_eq!(at(Row::sum("sum", &figures)), Some(6.0));
    }
}
