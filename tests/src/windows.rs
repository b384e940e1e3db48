//! Windows' programs, as far as Wine is Windows, with a hub on Linux: assistances in all directions, a computer
//! with nobody in front, starts from odd places, updates, packages of the next version.

mod assistance;
mod crashes;
mod desk;
mod page;
mod service;
mod starts;
mod updates;
mod upgrades;

/// A play, by its name.
type Play = (&'static str, fn(&mut dyn FnMut(&str)) -> anyhow::Result<()>);

const PLAYS: [Play; 11] = [
    // for its figures, beside which the others stand
    ("linux-to-linux", assistance::between_linux),
    ("windows-to-windows", assistance::between_windows),
    ("linux-to-windows", assistance::from_linux),
    ("windows-to-linux", assistance::to_linux),
    ("pastes", assistance::pastes_between_windows),
    ("crashes", crashes::play),
    ("page", page::play),
    ("service", service::play),
    ("starts", starts::play),
    ("updates", updates::play),
    ("upgrades", upgrades::play),
];

/// Plays all, or those that are named, also where one fails. The environment names what they take
/// ([`crate::wine::PROGRAMS_VARIABLE`], [`crate::wine::PREFIX_VARIABLE`]).
///
/// # Errors
///
/// If one fails, or has no such name.
pub fn play(only: &[String], tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    for name in only {
        let known = PLAYS.iter().any(|(known, _)| known == name);
        anyhow::ensure!(known, "no play is called {name}");
    }
    let mut failed = Vec::new();
    for (name, play) in PLAYS {
        if !(only.is_empty() || only.iter().any(|wanted| wanted == name)) {
            continue;
        }
        tell(&format!("## {name}"));
        if let Err(error) = play(tell) {
            tell(&format!("failed: {error:#}"));
            failed.push(name);
        }
    }
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}
