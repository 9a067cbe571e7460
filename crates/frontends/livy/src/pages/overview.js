async function overview() {
  const [sessions, batches] = await Promise.all([all("/sessions"), all("/batches")]);
  const owner = (one) => one.proxyUser && one.proxyUser !== one.owner ? (one.owner || "") + " as " + one.proxyUser : one.owner;
  const newest = (list) => list.slice().reverse();
  return [
    node("h2", "Sessions"),
    table(["Id", "Name", "Kind", "State", "Owner", "Application", ""], newest(sessions).map((one) => [
      link("/ui/session/" + one.id, String(one.id)), one.name, one.kind, state(one.state), owner(one), one.appId,
      link("/ui/session/" + one.id + "/log", "log"),
    ]), "There are no sessions."),
    node("h2", "Batches"),
    table(["Id", "Name", "State", "Owner", "Application", ""], newest(batches).map((one) => [
      String(one.id), one.name, state(one.state), owner(one), one.appId, link("/ui/batch/" + one.id + "/log", "log"),
    ]), "There are no batches."),
  ];
}
refresh(overview, 5);
