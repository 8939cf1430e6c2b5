/** A host's process that never answers, and does not see that the server has gone. */
process.on("message", () => {
  for (;;);
});
