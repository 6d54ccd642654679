// Before anything is drawn: an address of another view than search, which index.html holds, doesn't flash search up.
for (const key of new URLSearchParams(location.search).keys()) {
  if (!["q", "pool", "k", "bi", "cross", "device", "corpus"].includes(key)) document.documentElement.classList.add("elsewhere");
}
