// The package's worker, in a browser whose GPU may be at fault.
import "./gpu-faults.js";
import "../../pkg/dist/worker.js";
