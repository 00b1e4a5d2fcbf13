"""Write the kernelspec `shardlab` into a folder, and JupyterLab's settings: kernelspec.py FOLDER JAVA_HOME CHECKOUT.

SHARDLAB_KERNEL_MEMORY and DJL_CACHE_DIR are kept for the kernel when set; kernel.sh finds its heap otherwise.
"""

import glob
import json
import os
import shutil
import sys

folder, java_home, checkout = sys.argv[1:]
jjava = os.path.join(sys.prefix, "share", "jupyter", "kernels", "java")
worker_jars = sorted(glob.glob(os.path.join(checkout, ".lab", "jars", "worker", "*.jar")))
quiet = "-Djava.util.logging.config.file=" + os.path.join(folder, "logging.properties")
options = [
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Dai.djl.offline=true",
    quiet,
    "-Dshardlab.worker.classpath=" + os.pathsep.join(worker_jars),
    "-Dshardlab.worker.archive=" + os.path.join(checkout, ".lab", "worker.jsa"),
]

os.makedirs(folder, exist_ok=True)
for jar in ("jjava.jar", "jjava-launcher.jar"):
    shutil.copy(os.path.join(jjava, jar), folder)
for file in ("logging.properties", "kernel.sh"):
    shutil.copy(os.path.join(checkout, "etc", file), folder)

# JupyterLab asks nobody for news: everything works offline.
settings = os.path.join(sys.prefix, "share", "jupyter", "lab", "settings")
os.makedirs(settings, exist_ok=True)
shutil.copy(os.path.join(checkout, "etc", "overrides.json"), settings)

spec = {
    "argv": [
        "/bin/sh",
        "{resource_dir}/kernel.sh",
        os.path.join(java_home, "bin", "java"),
        "-Xmx32m",
        "-Djava.util.logging.config.file={resource_dir}/logging.properties",
        "-jar",
        "{resource_dir}/jjava-launcher.jar",
        "{resource_dir}/jjava.jar",
        "{connection_file}",
    ],
    "display_name": "Java (shardlab)",
    "language": "java",
    "interrupt_mode": "message",
    "env": {
        # The launcher starts the kernel with the first `java` on the path.
        "PATH": os.path.join(java_home, "bin") + os.pathsep + "${PATH}",
        "JAVA_HOME": java_home,
        "JJAVA_CLASSPATH": os.path.join(checkout, ".lab", "jars", "kernel", "*.jar"),
        "JJAVA_JVM_OPTS": " ".join(options),
        "OPT_OUT_TRACKING": "true",
        "DJL_OFFLINE": "true",
        "SHARDLAB_SOURCES": os.path.join(checkout, ".lab", "sources"),
    },
    "metadata": {},
}
for name in ("SHARDLAB_KERNEL_MEMORY", "DJL_CACHE_DIR"):
    if name in os.environ:
        spec["env"][name] = os.environ[name]
with open(os.path.join(folder, "kernel.json"), "w", encoding="utf-8") as file:
    json.dump(spec, file, indent=2)
    file.write("\n")
