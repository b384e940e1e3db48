//! What Windows shows of the program.

use badge::Badge;

fn main() {
    badge::put(Badge {
        file: "pure-help-desk",
        name: "Pure Help Desk",
        about: "Pure Help Desk",
    });
}
