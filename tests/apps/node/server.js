// Importing it on a server, as a page's code that is rendered there does, does nothing.
await import("tabrank");
console.log("imported");
