//! What a hub costs under the load of an office: `cargo xtask load` says how it is called.
#![expect(clippy::print_stdout, reason = "figures are this program's output")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "the peers of the tests, which fail on what a hub should not say"
)]

#[path = "../tests/engines/mod.rs"]
mod engines;
#[path = "load/files.rs"]
mod files;
#[path = "load/hosts.rs"]
mod hosts;
#[path = "load/office.rs"]
mod office;
#[path = "load/play.rs"]
mod play;
#[path = "load/resumed.rs"]
mod resumed;
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "load/throughput.rs"]
mod throughput;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::office::Traffic;
use crate::play::{Delays, Figures, Load};
use crate::throughput::{OfRoute, share_of_tunnel};

/// What tunnels have to carry of what UDP carries.
const LEAST_SHARE_OF_TUNNEL: f64 = 0.5;

#[derive(Debug, Parser)]
struct Arguments {
    /// Hosts that came with a ticket, and then only stay connected.
    #[arg(long, value_name = "N", default_value_t = 200)]
    idle: u32,
    /// Sessions, each of an operator and a host of its own.
    #[arg(long, value_name = "N", default_value_t = 10)]
    sessions: u32,
    /// How long the sessions are watched.
    #[arg(long, value_name = "S", default_value_t = 20)]
    seconds: u32,
    /// What the sessions show: updates of a codec, as its example `measure --traffic` writes them. Without it
    /// sizes are made up.
    #[arg(long, value_name = "FILE")]
    traffic: Option<PathBuf>,
    /// Let everybody come by TCP, in tunnels.
    #[arg(long)]
    tunnel: bool,
    /// Kill the hub then, as a power failure would, and see what its films lack.
    #[arg(long)]
    kill: bool,
    /// Instead of all that: how much one session can carry by UDP and in tunnels, `--seconds` each time, and
    /// what a Gbit of it costs the hub.
    #[arg(long, conflicts_with_all = ["tunnel", "kill", "traffic"])]
    throughput: bool,
    /// Instead of all that: how fast files go through the hub, beside `tar` over TLS, and what keys take
    /// meanwhile; a file of 1 GB and 20,000 small ones.
    #[arg(long, conflicts_with_all = ["tunnel", "kill", "traffic", "throughput"])]
    files: bool,
    /// Instead of all that: 2 GB in one large file and 20,000 small ones of odd names go to a host and come back,
    /// by a line that is cut three times on each way, and have to be the same in the end.
    #[arg(long, conflicts_with_all = ["tunnel", "kill", "traffic", "throughput", "files"])]
    cuts: bool,
    /// Instead of all that: so many permanent hosts are enrolled, and then only stay connected for
    /// `--seconds`.
    #[arg(long, value_name = "N", conflicts_with_all = ["tunnel", "kill", "traffic", "throughput", "files", "cuts"])]
    hosts: Option<u32>,
    /// With `--files` and `--cuts`: so much of all that, to see whether it works.
    #[arg(long, value_name = "N", default_value_t = 100)]
    percent: u32,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.throughput {
        let time = Duration::from_secs(arguments.seconds.into());
        let found = Box::pin(throughput::measure(time)).await;
        return tell_throughput(&found, arguments.json);
    }
    if let Some(hosts) = arguments.hosts {
        let time = Duration::from_secs(arguments.seconds.into());
        let found = Box::pin(hosts::measure(hosts, time)).await;
        return tell_hosts(&found, arguments.json);
    }
    if arguments.files {
        let found = tokio::task::block_in_place(|| files::measure(arguments.percent));
        return tell_files(&found, arguments.json);
    }
    if arguments.cuts {
        let found = tokio::task::block_in_place(|| resumed::measure(arguments.percent));
        return tell_resumed(&found, arguments.json);
    }
    let load = Load {
        traffic: match &arguments.traffic {
            Some(file) => Traffic::recorded(file)?,
            None => Traffic::made_up(),
        },
        idle: arguments.idle,
        sessions: arguments.sessions,
        time: Duration::from_secs(arguments.seconds.into()),
        tunnel: arguments.tunnel,
        kill: arguments.kill,
    };
    let figures = Box::pin(play::play(&load)).await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        table(&figures);
    }
    anyhow::ensure!(
        figures.films_verified == load.sessions && figures.updates_not_filmed == 0,
        "films are missing, changed or not whole"
    );
    anyhow::ensure!(figures.audit_is_whole, "the audit log is not whole");
    Ok(())
}

fn tell_throughput(found: &[OfRoute; 2], json: bool) -> anyhow::Result<()> {
    let share = share_of_tunnel(found);
    if json {
        let all =
            serde_json::json!({ "build": play::BUILD, "ways": found, "share_of_tunnel": share });
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        println!(
            "| {} build | Mbit/s in each turn | hub's CPU s for a Gbit |",
            play::BUILD
        );
        println!("| --- | --- | ---: |");
        for one in found {
            let rates = one.mbit_per_second.iter().map(|rate| format!("{rate:.0}"));
            let rates = rates.collect::<Vec<_>>().join(" / ");
            println!(
                "| {} | {rates} | {:.2} |",
                one.route, one.hub_cpu_seconds_per_gbit
            );
        }
        println!("\nTunnels carry {share:.2} of what UDP carries.");
    }
    anyhow::ensure!(
        share >= LEAST_SHARE_OF_TUNNEL,
        "tunnels carry {share:.2} of what UDP carries, wanted at least {LEAST_SHARE_OF_TUNNEL}"
    );
    Ok(())
}

fn tell_hosts(found: &hosts::Figures, json: bool) -> anyhow::Result<()> {
    if json {
        let all = serde_json::json!({ "build": play::BUILD, "found": found });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!(
        "| {} build | {} permanent hosts, idle |",
        play::BUILD,
        found.hosts
    );
    println!("| --- | --- |");
    println!(
        "| enrolled by one code in, s | {:.1} |",
        found.enrolled_seconds
    );
    println!("| hub's memory, MiB | {:.1} |", found.hub_mib);
    println!("| of it for each host, KiB | {:.1} |", found.host_kib);
    println!("| hub's CPU, ms/s | {:.1} |", found.hub_cpu_ms_per_second);
    Ok(())
}

fn tell_files(found: &files::Figures, json: bool) -> anyhow::Result<()> {
    if json {
        let all = serde_json::json!({ "build": play::BUILD, "found": found });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!(
        "| {} build | MB | ours, MB/s | `tar` over TLS, MB/s | share | CPU, s | of `tar` over TLS, s |",
        play::BUILD
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for row in &found.rows {
        let files::Row {
            what,
            megabytes,
            ours_seconds,
            plain_seconds,
            ours_cpu_seconds,
            plain_cpu_seconds,
        } = row;
        println!(
            "| {what} | {megabytes:.0} | {:.1} | {:.1} | {:.2} | {ours_cpu_seconds:.1} | {plain_cpu_seconds:.1} |",
            megabytes / ours_seconds,
            megabytes / plain_seconds,
            row.share()
        );
    }
    let [rest, rest_95] = found.key_at_rest_ms;
    let [meanwhile, meanwhile_95] = found.key_meanwhile_ms;
    println!(
        "\nA key takes {rest:.2} ms (p95 {rest_95:.2}) at rest, {meanwhile:.2} ms (p95 {meanwhile_95:.2}) while files go."
    );
    Ok(())
}

fn tell_resumed(found: &resumed::Figures, json: bool) -> anyhow::Result<()> {
    if json {
        let all = serde_json::json!({ "build": play::BUILD, "found": found });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!(
        "| {} build, {} files, {:.0} MB | s | MB/s | there at each cut, MB | goes on after, s |",
        play::BUILD,
        found.files,
        found.megabytes
    );
    println!("| --- | ---: | ---: | --- | --- |");
    let list = |figures: &[f64], digits: usize| {
        let figures = figures.iter().map(|figure| format!("{figure:.digits$}"));
        figures.collect::<Vec<_>>().join(" / ")
    };
    for way in &found.ways {
        println!(
            "| {} | {:.1} | {:.0} | {} | {} |",
            way.what,
            way.seconds,
            found.megabytes / way.seconds,
            list(&way.there_megabytes, 0),
            list(&way.goes_on_after_seconds, 1)
        );
    }
    println!("\nEvery file is there at both ends, with the checksum that it had.");
    Ok(())
}

fn table(figures: &Figures) {
    let row = |name: &str, value: String| println!("| {name} | {value} |");
    println!("| {} build | {} s |", figures.build, figures.seconds);
    println!("| --- | --- |");
    row(
        "connections",
        format!(
            "{} by {}: {} idle, {} of {} sessions, and the operators of the idle ones",
            figures.connections,
            figures.route,
            figures.idle,
            2 * figures.sessions,
            figures.sessions
        ),
    );
    row(
        "screen of a session, kbit/s",
        format!("{:.0}", figures.kbit_per_second),
    );
    row(
        "hub's CPU, ms/s",
        format!("{:.1}", figures.hub_cpu_ms_per_second),
    );
    row(
        "of it idle connections, ms/s",
        format!("{:.1}", figures.idle_cpu_ms_per_second),
    );
    row(
        "CPU of a session, ms/s",
        format!("{:.2}", figures.session_cpu_ms_per_second),
    );
    row(
        "CPU of a Gbit that hosts showed, filmed and relayed, s",
        format!("{:.1}", figures.cpu_seconds_per_gbit),
    );
    row("hub's memory, MiB", format!("{:.1}", figures.hub_mib));
    row(
        "memory of an idle connection, KiB",
        format!("{:.1}", figures.idle_kib),
    );
    row(
        "memory of an operator and a host who are connected, KiB",
        format!("{:.0}", figures.pair_kib),
    );
    row(
        "and of their session, KiB",
        format!("{:.0}", figures.session_kib),
    );
    let delays = |delays: &Delays| {
        format!(
            "{:.2} / {:.2} / {:.2} ({} of them)",
            delays.p50_ms, delays.p99_ms, delays.most_ms, delays.count
        )
    };
    row(
        "screen update, host to operator, p50 / p99 / most ms",
        delays(&figures.screen),
    );
    row(
        "input, operator to host, p50 / p99 / most ms",
        delays(&figures.input),
    );
    row(
        "films written / verified",
        format!("{} / {}", figures.films_written, figures.films_verified),
    );
    row(
        "updates that no film has",
        figures.updates_not_filmed.to_string(),
    );
    if let Some(lacking) = figures.films_lack_at_most_ms {
        row(
            "a film lacks at most, ms before the kill",
            format!("{lacking:.0}"),
        );
    }
}
