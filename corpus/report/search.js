// The search over the rejected documents that the page shows. It reads and hides rows and asks nobody for anything; the
// page's policy allows this text by its digest, and no other script.
(() => {
  const part = (id) => document.getElementById(id);
  const words = part("words"), rule = part("rule"), host = part("host"), found = part("found");
  const groups = [...document.querySelectorAll("#some > details")].map((group) => ({
    group,
    host: group.dataset.host.toLowerCase(),
    rows: [...group.querySelectorAll("tr")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
  }));

  const search = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const name = host.value.trim().toLowerCase();
    const asked = wanted.length > 0 || rule.value !== "" || name !== "";
    let shown = 0, all = 0;
    for (const { group, host, rows } of groups) {
      let here = 0;
      for (const { row, text } of rows) {
        const fits = host.includes(name) && (rule.value === "" || row.dataset.rule === rule.value)
          && wanted.every((word) => text.includes(word));
        row.hidden = !fits;
        here += fits;
      }
      group.hidden = here === 0;
      group.open = asked && here > 0;
      shown += here;
      all += rows.length;
    }
    found.textContent = asked
      ? `${shown.toLocaleString("en")} of the ${all.toLocaleString("en")} documents below, out of ${found.dataset.all} rejected`
      : "";
  };

  for (const field of [words, rule, host]) field.addEventListener("input", search);
  part("search").hidden = false;
  search();
})();
