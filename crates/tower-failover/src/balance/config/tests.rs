//! Which settings are refused, by name.

use tokio::time::Duration;

use super::FailoverConfig;

fn refused(change: impl FnOnce(&mut FailoverConfig)) -> String {
    let mut config = FailoverConfig::default();
    change(&mut config);
    config.validate().expect_err("refused").to_string()
}

#[test]
fn the_defaults_are_valid() {
    assert_eq!(FailoverConfig::default().validate(), Ok(()));
}

#[test]
fn each_setting_that_cannot_be_used_is_named() {
    let refusals = [
        ("auto_fallback_interval", refused(|config| config.auto_fallback_interval = Some(Duration::ZERO))),
        ("auto_fallback_interval", refused(|config| config.auto_fallback_interval = Some(Duration::MAX))),
        ("fallback_jitter", refused(|config| config.fallback_jitter = f64::NAN)),
        ("fallback_jitter", refused(|config| config.fallback_jitter = 1.0)),
        ("failover_attempts", refused(|config| config.failover_attempts = 0)),
        ("failover_delay", refused(|config| config.failover_delay = Duration::MAX)),
        ("all_at_once_window", refused(|config| config.all_at_once_window = Duration::MAX)),
        ("wait_for_first_verdict", refused(|config| config.wait_for_first_verdict = Duration::MAX)),
        ("wait_for_return", refused(|config| config.wait_for_return = Duration::MAX)),
        ("wait_for_member", refused(|config| config.wait_for_member = Some(Duration::ZERO))),
    ];
    for (option, refusal) in refusals {
        assert!(refusal.starts_with(option), "{refusal}");
    }
}
