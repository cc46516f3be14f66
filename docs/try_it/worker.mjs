// The worker in which Python runs: it starts Python at the first check, and answers each program with numpynet's report.

const FILE = "mine.py";
const CHECK = `
import contextlib, io
from numpynet.cli.main import main

printed = io.StringIO()
with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
    try:
        main(["check", "${FILE}"])
    except SystemExit:
        pass
printed.getvalue()
`;

let starting;

self.onmessage = async ({data: {code, language, pyodide, numpynet}}) => {
  try {
    starting ??= start(pyodide, numpynet);
    const python = await starting;
    self.postMessage({stage: "checking"});
    python.FS.writeFile(FILE, code);
    await python.runPythonAsync(`import os; os.environ["NUMPYNET_LANGUAGE"] = "${language}"`);
    self.postMessage({report: await python.runPythonAsync(CHECK)});
  } catch (error) {
    starting = undefined;
    self.postMessage({error: String(error?.message ?? error)});
  }
};

async function start(pyodide, numpynet) {
  self.postMessage({stage: "python"});
  const {loadPyodide} = await import(new URL("pyodide.mjs", pyodide));
  const python = await loadPyodide({indexURL: pyodide});
  self.postMessage({stage: "numpy"});
  await python.loadPackage("numpy");
  const archive = await fetch(numpynet);
  if (!archive.ok) throw new Error(`${numpynet}: ${archive.status}`);
  python.unpackArchive(await archive.arrayBuffer(), "zip");
  return python;
}
