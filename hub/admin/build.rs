//! What Windows shows of the program.

use badge::Badge;

fn main() {
    badge::put(Badge {
        file: "hub-admin",
        name: "Pure Help Desk Administration",
        about: "Pure Help Desk: administration",
    });
}
