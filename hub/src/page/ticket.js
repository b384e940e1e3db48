// Brings a ticket into Helpme without showing it to the hub: a link to this page carries it behind its "#",
// which no browser sends to anybody, and the link into Helpme is put together here.
const digits = location.hash.replace(/%20|\D/g, "");
const given = digits.length === 10 ? digits.replace(/(\d{3})(\d{3})(\d{4})/, "$1 $2 $3") : "";
if (given) {
  document.querySelector("#given output").textContent = given;
  document.getElementById("given").hidden = false;
  document.querySelector("nav a").hash = location.hash;
}
// not there on a telephone
const field = document.getElementById("ticket");
if (field) {
  const start = document.getElementById("start");
  const plain = start.href;
  const follow = () => {
    const ticket = field.value.trim();
    start.href = ticket ? plain + "&ticket=" + encodeURIComponent(ticket) : plain;
  };
  field.addEventListener("input", follow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") start.click();
  });
  start.addEventListener("click", (event) => {
    if (!field.reportValidity()) event.preventDefault();
  });
  field.parentElement.hidden = false;
  field.value = given;
  follow();
}
