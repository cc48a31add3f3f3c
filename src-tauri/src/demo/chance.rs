//! The distributions that the synthetic host is made of. Every draw comes from the generator
//! it is given, so that a seed fixes them all.

use std::f64::consts::TAU;

use fastrand::Rng;

/// Knuth's method multiplies uniform numbers until they fall below `exp(−mean)`, which runs
/// out of precision, and of patience, for a greater mean than this.
const POISSON_MEAN_AT_ONCE: f64 = 16.0;

/// Draws how many events happen if `mean` are expected.
pub fn poisson(rng: &mut Rng, mean: f64) -> usize {
    // A sum of Poisson numbers is one, of the sum of their means.
    let parts = (mean / POISSON_MEAN_AT_ONCE).ceil() as usize;
    let part_mean = mean / parts.max(1) as f64;
    (0..parts).map(|_| poisson_at_once(rng, part_mean)).sum()
}

fn poisson_at_once(rng: &mut Rng, mean: f64) -> usize {
    let end = (-mean).exp();
    let mut product = rng.f64();
    let mut count = 0;
    while product > end {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// Draws from the standard normal distribution, by the method of Box and Muller.
pub fn normal(rng: &mut Rng) -> f64 {
    // From the half-open interval that leaves 0 out, which has no logarithm.
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (TAU * rng.f64()).cos()
}

/// Draws from the Pareto distribution above `least`; the smaller `shape`, the heavier the tail.
pub fn pareto(rng: &mut Rng, least: f64, shape: f64) -> f64 {
    least * (1.0 - rng.f64()).powf(-1.0 / shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_variance(draws: &[f64]) -> (f64, f64) {
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let squares = draws.iter().map(|draw| (draw - mean).powi(2));
        (mean, squares.sum::<f64>() / draws.len() as f64)
    }

    #[test]
    fn a_poisson_number_has_its_mean_as_variance_too() {
        let mut rng = Rng::with_seed(1);
        for mean in [0.5, 10.0, 50.0, 300.0] {
            let draws = (0..20_000).map(|_| poisson(&mut rng, mean) as f64);
            let (found, variance) = mean_and_variance(&draws.collect::<Vec<_>>());
            assert!((found / mean - 1.0).abs() < 0.03, "{mean}: {found}");
            assert!((variance / mean - 1.0).abs() < 0.05, "{mean}: {variance}");
        }
        assert_eq!(poisson(&mut rng, 0.0), 0);
    }

    #[test]
    fn a_normal_number_has_mean_0_and_variance_1() {
        let mut rng = Rng::with_seed(2);
        let draws: Vec<f64> = (0..50_000).map(|_| normal(&mut rng)).collect();
        let (mean, variance) = mean_and_variance(&draws);
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }

    #[test]
    fn a_pareto_number_exceeds_its_least_by_a_power() {
        let mut rng = Rng::with_seed(3);
        let draws: Vec<f64> = (0..50_000).map(|_| pareto(&mut rng, 2.0, 1.0)).collect();
        let above = draws.iter().filter(|draw| **draw > 20.0).count();
        assert!(draws.iter().all(|draw| *draw >= 2.0 && draw.is_finite()));
        assert!((4_500..5_500).contains(&above), "{above}");
    }
}
