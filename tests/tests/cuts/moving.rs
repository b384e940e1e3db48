//! Sessions whose way to the hub changes (R2): from TCP to UDP once that passes, and back when it stops.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use e2e::{Cast, Namespaces, Network, PATIENCE, wait_until};

use crate::witness::{self, Witness};
use crate::{AT_REST, OPERATOR_SCREEN, QUIET, USER_SCREEN};

/// A program looks for UDP half a minute after it was reached by TCP, and a minute after that.
const LOOKED_FOR: Duration = Duration::from_mins(2);
/// What a busy machine takes for a key or a picture where nothing changes.
const HARDLY_SEEN: Duration = Duration::from_secs(1);
/// From the last word by UDP to the first by TCP.
const TCP_WITHIN: Duration = Duration::from_secs(6);

fn namespaces(network: &Network) -> anyhow::Result<&Namespaces> {
    match network {
        Network::Namespaces(namespaces) => Ok(namespaces),
        Network::Direct | Network::Relays(_) => anyhow::bail!("there are no namespaces"),
    }
}

fn cast(blocks_udp: bool) -> anyhow::Result<(Cast, PathBuf)> {
    let made =
        Namespaces::make().context("it takes network namespaces, and there are none here")?;
    if blocks_udp {
        made.block_udp()?;
    }
    let network = Network::Namespaces(Box::new(made));
    let cast = Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN)?;
    let typed = cast.folder().join("typed");
    Ok((cast, typed))
}

/// Waits until the logs of both programs say `what`; gives when.
fn both_say(cast: &Cast, what: &str) -> anyhow::Result<Instant> {
    wait_until(what, LOOKED_FOR, || {
        for app in [&cast.console.app, &cast.helpme.app] {
            if !fs::read_to_string(app.home().log())?.contains(what) {
                return Ok(None);
            }
        }
        Ok(Some(Instant::now()))
    })
}

/// Ends the session; gives the lost connections that its film marks.
fn ends(cast: &mut Cast) -> anyhow::Result<Vec<String>> {
    cast.console.end_session()?;
    cast.console.leave_session()?;
    cast.helpme.leave()?;
    let films = cast.hub.films()?;
    cast.hub.verify_film(films.first().context("no film")?.id)
}

#[test]
fn r2_a_session_goes_on_by_udp_once_that_passes_and_nobody_notices() -> anyhow::Result<()> {
    let (mut cast, typed) = cast(true)?;
    let _terminal = witness::terminal(&cast, &typed)?;
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;
    let witness = Witness::begin(&cast, session, &typed)?;
    witness.begin_round();
    witness.type_on();
    std::thread::sleep(QUIET);
    let before = Instant::now();
    namespaces(&cast.network)?.open_udp()?;
    let moved = both_say(&cast, "Moved from the tunnel to UDP")?;
    std::thread::sleep(QUIET);
    // all that it may need is UDP
    namespaces(&cast.network)?.block_tcp()?;
    std::thread::sleep(QUIET * 4);
    let (key, picture) = witness.longest_waits(before);
    witness.stop_typing();
    witness.wait_for_rest(AT_REST);
    let told = witness.told()?;
    println!(
        "both by UDP after {} s; longest without a key {} ms, without a picture {} ms; {told:?}",
        moved.duration_since(before).as_secs(),
        key.as_millis(),
        picture.as_millis()
    );
    ensure!(told.in_order && told.arrived == told.typed, "{told:?}");
    ensure!(
        witness.first_pause().is_none(),
        "the line was said to be lost"
    );
    ensure!(key < HARDLY_SEEN && picture < HARDLY_SEEN, "it stood still");
    drop(witness);
    let gaps = ends(&mut cast)?;
    ensure!(gaps.is_empty(), "{gaps:#?}");
    for app in [&cast.console.app, &cast.helpme.app] {
        let log = fs::read_to_string(app.home().log())?;
        ensure!(log.contains("TCP port"), "it began by TCP: {log}");
    }
    Ok(())
}

#[test]
fn r2_a_session_goes_on_by_tcp_soon_after_udp_stops() -> anyhow::Result<()> {
    let (mut cast, typed) = cast(false)?;
    let _terminal = witness::terminal(&cast, &typed)?;
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;
    let witness = Witness::begin(&cast, session, &typed)?;
    witness.begin_round();
    witness.type_on();
    std::thread::sleep(QUIET);
    namespaces(&cast.network)?.block_udp()?;
    let stopped = Instant::now();
    both_say(&cast, "TCP port")?;
    wait_until("keys and pictures to go on", PATIENCE, || {
        Ok(witness.goes_on_since(stopped + QUIET).then_some(()))
    })?;
    let (key, picture) = witness.longest_waits(stopped);
    std::thread::sleep(QUIET);
    witness.stop_typing();
    witness.wait_for_rest(AT_REST);
    let told = witness.told()?;
    println!(
        "longest without a key {} ms, without a picture {} ms; {told:?}",
        key.as_millis(),
        picture.as_millis()
    );
    ensure!(told.in_order, "{told:?}");
    let lost = told.typed - told.arrived;
    ensure!(lost <= told.not_delivered + told.while_paused, "{told:?}");
    ensure!(key < TCP_WITHIN && picture < TCP_WITHIN, "it stood still");
    drop(witness);
    let gaps = ends(&mut cast)?;
    ensure!(!gaps.is_empty(), "the film says nothing of the lost line");
    Ok(())
}
