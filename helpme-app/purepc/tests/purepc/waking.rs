//! A computer that is off is woken through another one of its network: two real programs in networks of their
//! own, joined by a bridge, and the real hub there (U2). Needs root.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hub::local::{LocalAnswer, LocalQuestion, ask_running};
use protocol::CardAddress;
use protocol::waking::{MAGIC_PACKET_BYTES, WAKE_PORT};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{PATIENCE, Running, TestHub, done, purepc, wait_for_status};

/// A network of its own, and a view of the system's files that shows its cards. It lives as long as the process
/// in it, which ends with this one.
struct Place(Child);

impl Place {
    fn make() -> Self {
        let own = "mount -t sysfs none /sys && ip link set lo up && echo made && exec cat";
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", own])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let told = holder.stdout.take().expect("a pipe");
        let place = Self(holder);
        let mut line = String::new();
        let read = BufReader::new(told).read_line(&mut line);
        read.expect("readable");
        assert_eq!(line, "made\n", "a network of its own can be made, as root");
        place
    }

    /// `command` as a program that runs here.
    fn run(&self, command: &Command) -> Command {
        let mut here = Command::new("nsenter");
        here.args(["--net", "--mount", "--target", &self.0.id().to_string()]);
        here.arg(command.get_program()).args(command.get_args());
        here.stdin(Stdio::null());
        here
    }

    fn ip(&self, words: &str) {
        let mut ip = Command::new("ip");
        ip.args(words.split(' '));
        let (said, output) = done(self.run(&ip));
        assert!(output.status.success(), "ip {words}: {said}");
    }

    /// Moves the thread that calls it here.
    fn enter(&self) -> impl FnOnce() + Send + 'static {
        let net = File::open(format!("/proc/{}/ns/net", self.0.id())).expect("there");
        move || {
            let moved = move_into_link_name_space(net.as_fd(), Some(LinkNameSpaceType::Network));
            moved.expect("root may");
        }
    }

    /// Runs `work` on a thread that is here.
    fn within<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let enter = self.enter();
        let thread = std::thread::spawn(move || {
            enter();
            work()
        });
        thread.join().expect("it does not panic")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // its input ends, and so does it
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

/// The hub's place, with a bridge to which both computers are joined.
fn office() -> (Place, [Place; 2]) {
    let hub = Place::make();
    hub.ip("link add lan type bridge");
    hub.ip("addr add 10.77.0.1/24 dev lan");
    hub.ip("link set lan up");
    let computers = [2, 3].map(|number| {
        let place = Place::make();
        let there = place.0.id();
        hub.ip(&format!(
            "link add port{number} type veth peer name card0 netns {there}"
        ));
        hub.ip(&format!("link set port{number} master lan up"));
        place.ip(&format!("link set card0 address 02:00:00:00:00:0{number}"));
        place.ip(&format!("addr add 10.77.0.{number}/24 brd + dev card0"));
        place.ip("link set card0 up");
        // out of the office there is a way for what goes to everybody
        place.ip("route add default via 10.77.0.1");
        place
    });
    (hub, computers)
}

fn started(place: &Place, folder: &Path) -> Running {
    let run = purepc(folder, &["--log", "off", "run"]);
    Running(place.run(&run).spawn().expect("purepc starts"))
}

#[test]
fn u2_a_computer_that_is_off_is_woken_by_a_real_packet_through_another_and_connects() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("hub");
    let (at_hub, places) = office();
    let listen = ([10, 77, 0, 1], 0).into();
    let hub = TestHub::start_at(&data, listen, at_hub.enter());
    let owns = ["till", "desk"].map(|name| folder.path().join(name));
    for (place, own) in places.iter().zip(&owns) {
        let enrol = purepc(own, &["enroll", &hub.invitation()]);
        let (said, output) = done(place.run(&enrol));
        assert!(output.status.success(), "{said}");
    }
    let [till, desk] = &places;
    let [own_of_till, own_of_desk] = &owns;
    let _desk = started(desk, own_of_desk);
    wait_for_status(own_of_desk, "connected");
    let running = started(till, own_of_till);
    wait_for_status(own_of_till, "connected");
    let is_known = || {
        let known = "SELECT count(*) FROM host_lan";
        let database = rusqlite::Connection::open(data.join("hub.db")).expect("opened");
        let count: i64 = database
            .query_row(known, (), |row| row.get(0))
            .expect("counted");
        count == 2
    };
    wait_until(is_known, "the hub knows both cards");

    // it is off: nothing of it is left but a card that listens
    drop(running);
    let card = till.within(|| UdpSocket::bind(("0.0.0.0", WAKE_PORT)).expect("a card"));
    card.set_read_timeout(Some(PATIENCE)).expect("set");
    wait_until(
        || hub.rows().iter().filter(|row| row.connected).count() == 1,
        "it is off",
    );
    let off = hub.rows().into_iter().find(|row| !row.connected);
    let host = off.expect("one is off").host;
    let asked = data.clone();
    let answer = at_hub.within(move || ask_running(&asked, LocalQuestion::Wake { host }));
    let answer = answer.expect("the hub runs");
    assert!(
        matches!(&answer, LocalAnswer::Waking { through } if through.len() == 1),
        "{answer:?}"
    );
    // to the network's address for all and to everybody's
    let wakes = CardAddress([2, 0, 0, 0, 0, 2]).magic_packet();
    for _ in 0..2 {
        let mut packet = [0; 2 * MAGIC_PACKET_BYTES];
        let (bytes, from) = card.recv_from(&mut packet).expect("a packet");
        assert_eq!(packet[..bytes], wakes);
        assert_eq!(from.ip().to_string(), "10.77.0.3");
    }
    card.set_read_timeout(Some(Duration::from_millis(300)))
        .expect("set");
    assert!(card.recv_from(&mut [0; 16]).is_err(), "no more than these");

    // what the firmware of a real one does
    let _woken = started(till, own_of_till);
    wait_until(
        || hub.rows().iter().all(|row| row.connected),
        "it has connected",
    );
    let database = rusqlite::Connection::open(data.join("hub.db")).expect("opened");
    let rows = "SELECT count(*) FROM audit WHERE action IN ('host.waking', 'host.woken')";
    let written = || {
        let count = database.query_row(rows, (), |row| row.get::<_, i64>(0));
        count.expect("counted") == 2
    };
    wait_until(written, "both rows are in the audit log");
}

fn wait_until(mut holds: impl FnMut() -> bool, what: &str) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
