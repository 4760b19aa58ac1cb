// Imports LangGraph's package and then the modules that its arguments name, and says how long each took.
const times = [];
for (const name of ["@langchain/langgraph-checkpoint", ...process.argv.slice(2)]) {
  const begun = performance.now();
  await import(name);
  times.push(performance.now() - begun);
}
console.log(JSON.stringify(times));
