// Drawn, since images may come from the server only.
function picture(base64) {
  const canvas = node("canvas", null, { role: "img", "aria-label": "plot" });
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    createImageBitmap(new Blob([bytes], { type: "image/png" })).then((image) => {
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d").drawImage(image, 0, 0);
    }, () => canvas.replaceWith("The image does not read."));
  } catch (error) {
    return node("p", "The image does not read.", { class: "none" });
  }
  return canvas;
}
function output(shown) {
  if (!shown) return null;
  if (shown.status === "error") {
    const traceback = (shown.traceback || []).join("");
    const said = shown.ename + ": " + shown.evalue;
    return [node("pre", said, { class: "failure" }), traceback ? node("pre", traceback) : null];
  }
  return Object.entries(shown.data || {}).map(([mime, value]) => {
    if (mime === "image/png") return picture(value);
    const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
    return text === "" ? null : node("pre", text.length > 20000 ? text.slice(0, 20000) + "…" : text);
  });
}
const time = (millis) => millis ? node("span", new Date(millis).toLocaleTimeString(), { class: "when" }) : null;
async function session() {
  const about = await read("/sessions/" + ref);
  const facts = [["Name", about.name], ["Kind", about.kind], ["State", state(about.state)], ["Owner", about.owner], ["Runs as", about.proxyUser], ["Application", about.appId]];
  const head = table(facts.map(([name]) => name), [facts.map(([, value]) => value)], "");
  let list;
  try {
    const { statements } = await read("/sessions/" + ref + "/statements");
    list = table(["Id", "Code", "State", "Progress", "Started", "Completed", "Output"], statements.reverse().map((one) => [
      String(one.id), node("pre", one.code), state(one.state), Math.round(one.progress * 100) + " %", time(one.started), time(one.completed), output(one.output),
    ]), "There are no statements.");
  } catch (error) {
    list = node("p", error.message, { class: "none" });
  }
  return [node("h2", "Session " + about.id), head, node("p", link("/ui/session/" + about.id + "/log", "log")), node("h2", "Statements"), list];
}
refresh(session, 5);
