/** A host's process that never answers, and does not notice that the server is gone. */
process.on("message", () => {
  for (;;);
});
