// What can be wrong with a GPU. The worker's name says which of it is.

const shaders = (alter) => {
  const { createShaderModule } = GPUDevice.prototype;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    return createShaderModule.call(this, { ...descriptor, code: alter(descriptor.code) });
  };
};

/** Replaces what must be there in some shader. */
const planted = (what, instead) => {
  let found = false;
  shaders((code) => {
    found ||= code.includes(what);
    return code.replaceAll(what, instead);
  });
  // A test that plants nothing would prove nothing.
  setTimeout(() => {
    if (!found) throw new Error(`no shader has ${what}`);
  }, 30_000);
};

const device = (then) => {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    return then(await requestDevice.apply(this, args));
  };
};

const faults = {
  none: () => {
    GPU.prototype.requestAdapter = async () => null;
  },
  absent: () => Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined }),
  limits: () => {
    GPUAdapter.prototype.requestDevice = async ({ requiredLimits = {} } = {}) => {
      const [name] = Object.entries(requiredLimits).find(([, value]) => value > 0) ?? [];
      throw new DOMException(`Required ${name} limit is greater than the supported limit (0).`, "OperationError");
    };
  },
  wrong: () => planted("params.scale;", "1.25 * params.scale;"),
  "not a number": () => planted("/ sum;", "/ (sum - sum);"),
  "no shader": () => shaders((code) => `${code}\nnonsense`),
  "wrong later": () => {
    // Passes the trial, and from some time on leaves out the last rows.
    let wrong = false;
    new BroadcastChannel("gpu").onmessage = () => (wrong = true);
    const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
    GPUComputePassEncoder.prototype.dispatchWorkgroups = function (x, y, z) {
      return dispatchWorkgroups.call(this, x, wrong ? y - 1 : y, z);
    };
  },
  memory: () => {
    const { createBuffer } = GPUDevice.prototype;
    GPUDevice.prototype.createBuffer = function (descriptor) {
      return createBuffer.call(this, descriptor.size > 1e6 ? { ...descriptor, size: 2 ** 45 } : descriptor);
    };
  },
  // No fault: then shaders are those that a GPU gets.
  "no subgroups": () => {
    const { get } = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, "features");
    Object.defineProperty(GPUAdapter.prototype, "features", { get() { return new Set([...get.call(this)].filter((name) => name !== "subgroups")); } });
  },
  lost: () =>
    device((device) => {
      new BroadcastChannel("gpu").onmessage = () => device.destroy();
      return device;
    }),
};

faults[self.name]?.();
