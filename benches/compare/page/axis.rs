//! One axis: where a value is on it, and which of them are written beside it. Pure.

use super::text::figure;

/// How values are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// The same, with zero on it.
    FromZero,
    /// By powers of ten.
    Logarithmic,
    /// Logarithmic, with the values themselves written beside it: there are few.
    AtThese,
}

/// An axis that has room for all its values.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// With the unit.
    pub(super) title: String,
    scale: Scale,
    /// Of places, not of values.
    pub(super) from: f64,
    pub(super) to: f64,
    /// Places with something written beside them, in order.
    pub(super) ticks: Vec<f64>,
}

impl Axis {
    pub(super) fn new(title: &str, scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let place = |value: f64| scale.place(value);
        let mut places: Vec<f64> = values.map(place).filter(|place| place.is_finite()).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let (least, most) = match places[..] {
            [] => (0.0, 1.0),
            [only] => (only - 1.0, only + 1.0),
            [least, .., most] => (least, most),
        };
        let margin = (most - least) * 0.04;
        let (from, to, ticks) = match scale {
            Scale::Linear => (least - margin, most + margin, steps(least, most)),
            Scale::FromZero => (0.0, most.max(f64::MIN_POSITIVE) * 1.08, steps(0.0, most)),
            // Whole powers of ten, at both ends too.
            Scale::Logarithmic => {
                let (from, to) = (least.floor(), most.ceil().max(least.floor() + 1.0));
                (from, to, (from as i32..=to as i32).map(f64::from).collect())
            }
            Scale::AtThese => (least - margin, most + margin, places),
        };
        Self { title: title.to_owned(), scale, from, to, ticks }
    }

    /// Where a value is.
    pub(super) fn place(&self, value: f64) -> f64 {
        self.scale.place(value).clamp(self.from, self.to)
    }

    /// What is written at a place.
    pub(super) fn text(&self, place: f64) -> String {
        let value = match self.scale {
            Scale::Linear | Scale::FromZero => place,
            Scale::Logarithmic | Scale::AtThese => 10_f64.powf(place),
        };
        let text = figure(round(value));
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::FromZero => value,
            Self::Logarithmic | Self::AtThese => value.log10(),
        }
    }
}

/// Some six round numbers between these.
fn steps(from: f64, to: f64) -> Vec<f64> {
    let rough = (to - from) / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|round| round * power).find(|step| *step >= rough);
    let step = step.unwrap_or(power * 10.0);
    let first = (from / step).ceil() as i64;
    let last = (to / step).floor() as i64;
    (first..=last).map(|number| number as f64 * step).collect()
}

/// Without what a logarithm leaves behind the digits that count.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|place| axis.text(*place)).collect()
    }

    #[test]
    fn a_linear_axis_has_round_numbers() {
        let axis = Axis::new("s", Scale::Linear, [-0.5, 0.0, 3.0].into_iter());
        assert_eq!(texts(&axis), ["0", "1", "2", "3"]);
        let axis = Axis::new("a second", Scale::FromZero, [18_000.0, 91_000.0].into_iter());
        assert_eq!(texts(&axis), ["0", "20,000", "40,000", "60,000", "80,000"]);
    }

    #[test]
    fn a_logarithmic_axis_has_powers_of_ten() {
        let axis = Axis::new("ms", Scale::Logarithmic, [0.2, 2680.0].into_iter());
        assert_eq!(texts(&axis), ["0.1", "1", "10", "100", "1,000", "10,000"]);
        assert!(axis.place(0.2) > axis.from && axis.place(2680.0) < axis.to);
    }

    #[test]
    fn few_values_are_written_themselves() {
        let axis = Axis::new("callers", Scale::AtThese, [1.0, 8.0, 64.0, 512.0, 8.0].into_iter());
        assert_eq!(texts(&axis), ["1", "8", "64", "512"]);
    }

    #[test]
    fn no_values_and_one_value_leave_an_axis() {
        for values in [vec![], vec![7.0]] {
            for scale in [Scale::Linear, Scale::FromZero, Scale::Logarithmic, Scale::AtThese] {
                let axis = Axis::new("", scale, values.iter().copied());
                assert!(axis.from < axis.to, "{axis:?}");
            }
        }
    }
}
