//! What Windows shows of the program.

use badge::Badge;

fn main() {
    badge::put(Badge {
        file: "helpme",
        name: "Helpme",
        about: "Helpme (Pure Help Desk)",
    });
}
