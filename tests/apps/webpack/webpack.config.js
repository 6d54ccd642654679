// As it comes: no loader, no rule, no plugin.
export default { mode: "production", entry: "./main.js", performance: { hints: false } };
