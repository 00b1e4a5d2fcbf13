"""What a person meets in the notebook before any model is there."""

import re

import psutil


def test_the_kernel_starts_with_the_magics_installed(kernel):
    assert kernel.run("1 + 1").texts() == ["2"]
    shown = kernel.run("%shard help")
    assert shown.error is None
    assert "devices" in shown.text()


def test_bare_shard_lists_what_help_lists(kernel):
    assert kernel.run("%shard").text() == kernel.run("%shard help").text() != ""


def test_every_output_has_a_text_twin(kernel):
    for data in kernel.run("%shard devices").displays:
        assert data["text/plain"].strip()


def test_a_verb_shows_its_table_once_though_it_is_the_last_expression(kernel):
    assert len(kernel.run("%shard devices").displays) == 1


def test_two_magics_in_one_cell_show_both(kernel):
    assert len(kernel.run("%shard devices\n%shard devices").displays) == 2


def test_a_table_is_bound_and_shown_once_and_drawn_in_full_when_named_later(kernel):
    bound = kernel.run("Table t = %shard devices")
    assert bound.error is None
    assert len(bound.displays) == 1

    (named,) = kernel.run("t").displays
    assert "<table" in named["text/html"]
    assert len(named["text/plain"].splitlines()) > 2
    assert kernel.run("t.rowCount() > 0").texts() == ["true"]


def test_a_class_of_ones_own_comes_before_one_that_is_imported_for_magics(kernel):
    assert kernel.run('record Run(int laps) {}\nRun run = new Run(3);').error is None
    assert kernel.run("run.laps()").texts() == ["3"]


def test_the_typed_twin_needs_no_import(own_kernel, verbs):
    verbs("up", "plan", "train")
    typed = 'var lab = Shard.up(2); var plan = lab.plan("tiny", Scheme.tp(2)); var run = lab.train("tiny", Scheme.tp(2));'
    shown = own_kernel.run(typed, timeout=300)
    assert shown.error is None, shown.traceback
    assert own_kernel.run("run.table().rowCount() > 0 && plan.fits()").texts() == ["true"]
    assert own_kernel.run("TrainOptions.steps(3).settings().steps()").texts() == ["3"]
    assert own_kernel.run("record Scheme(int mine) {}\nint mine = new Scheme(3).mine();").error is None
    assert own_kernel.run("lab.close();").error is None


def test_naming_the_table_in_the_cell_that_showed_it_adds_one_line_only(kernel):
    shown = kernel.run("Table again = %shard devices\nagain")
    assert len(shown.displays) == 2
    assert "shown above" in shown.displays[1]["text/plain"]
    assert "text/html" not in shown.displays[1]


def test_text_in_tables_is_escaped(kernel):
    shown = kernel.run(
        'tech.tablesaw.api.Table.create("x", tech.tablesaw.api.StringColumn.create("c", "<script>alert(1)</script>"))'
    )
    assert "<script" not in shown.displays[0]["text/html"]
    assert "&lt;script&gt;" in shown.displays[0]["text/html"]


def test_charts_are_pictures(kernel):
    shown = kernel.run(
        "var chart = new org.knowm.xchart.XYChartBuilder().width(200).height(100).build();\n"
        'chart.addSeries("a", new double[] {0, 1}, new double[] {0, 1});\nchart'
    )
    assert shown.displays[-1]["image/png"]


def test_dashed_twins_exist_for_completion(kernel):
    assert kernel.run("%shard-devices").text() == kernel.run("%shard devices").text()
    reply = kernel.client.complete("%shard-dev", 10, reply=True, timeout=30)
    assert any("shard-devices" in match for match in reply["content"]["matches"])


def test_the_cell_form_never_ends_in_a_compile_error(kernel):
    shown = kernel.run("%%shard\nint x = 1;")
    assert "cannot find symbol" not in shown.traceback
    assert "compilation" not in shown.traceback.lower()
    assert shown.error or shown.text().strip()


def test_an_unknown_verb_is_one_line_with_the_nearest_match_and_no_stack(kernel, verbs):
    shown = kernel.run("%shard devcies")
    assert "devcies" in shown.error
    assert len(shown.error.splitlines()) == 1
    verbs("plan")
    assert re.search(r"\bdevices\b", shown.error)


def test_a_failing_verb_shows_no_frames_of_ours(kernel):
    assert "at io.shardlab" not in kernel.run("%shard devcies").traceback


def test_an_interrupt_ends_the_cell_and_the_kernel_goes_on(kernel):
    request = kernel.client.execute('{ System.out.println("begun"); Thread.sleep(60_000); }')
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.collect(request, timeout=10).error
    assert kernel.run("2 + 2").texts() == ["4"]


def test_a_kernel_that_is_shut_down_ends_before_jupyter_sends_a_signal(own_kernel):
    own_kernel.run("%shard devices")
    jvm = own_kernel.jvm()
    own_kernel.client.shutdown()
    jvm.wait(timeout=2)


def test_a_killed_kernel_leaves_no_launcher(own_kernel):
    jvm = own_kernel.jvm()
    launcher = jvm.parent()
    jvm.kill()
    _, alive = psutil.wait_procs([launcher], timeout=20)
    assert not alive


def test_the_kernel_has_no_engine_in_it(kernel):
    """Installing and listing load no native library: the kernel's JVM leaves that to workers."""
    maps = open(f"/proc/{kernel.jvm().pid}/maps", encoding="utf-8").read()
    assert "libtorch" not in maps


def test_a_display_can_be_updated_after_its_cell_has_ended(kernel):
    """The kernel drops such updates; ours come through, because the cell's environment is kept."""
    request = kernel.client.execute(
        """
var type = Class.forName("io.shardlab.kernel.JJavaNotebook");
var make = type.getDeclaredConstructor(org.dflib.jjava.jupyter.kernel.JupyterIO.class, boolean.class);
make.setAccessible(true);
var io = org.dflib.jjava.jupyter.kernel.BaseKernel.notebookKernel().getIO();
var port = (io.shardlab.magics.session.NotebookPort) make.newInstance(io, true);
java.util.function.Function<String, io.shardlab.magics.session.NotebookPort.Content> say =
    text -> new io.shardlab.magics.session.NotebookPort.Content("", text, java.util.Optional.empty());
var display = port.display(say.apply("running"));
new Thread(() -> {
    while (io.isAttached()) Thread.onSpinWait();
    display.update(say.apply("finished"));
}).start();
"""
    )
    assert kernel.collect(request).texts() == ["running"]
    message = kernel.client.get_iopub_msg(timeout=20)
    while message["msg_type"] != "update_display_data":
        message = kernel.client.get_iopub_msg(timeout=20)
    assert message["content"]["data"]["text/plain"] == "finished"
    assert message["parent_header"]["msg_id"] == request


def test_variables_of_the_notebook_are_put_into_magics(kernel):
    """JJava hands words over as typed; sizes of tutorials, and of anybody's loop, come through all the same."""
    assert kernel.run('int ranks = 4;\nString rule = "gpipe";').error is None
    shown = kernel.run("%shard schedule ${rule} --pp ${ranks} --microbatches 8")
    assert shown.error is None
    assert "gpipe" in shown.text() and "rank 3" in shown.text()
    error = kernel.run("%shard schedule gpipe --pp ${rankz}").error
    assert "${rankz}: this notebook has no variable rankz" in error
