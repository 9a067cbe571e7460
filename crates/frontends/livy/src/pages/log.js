async function log() {
  const { log: lines, total } = await read("/" + what + "/" + ref + "/log?size=-1");
  const text = lines.join("\n").trim();
  return [node("h2", "Log"), node("p", total + " lines are kept.", { class: "when" }), text ? node("pre", text) : node("p", "The log is empty.", { class: "none" })];
}
refresh(log, 5);
