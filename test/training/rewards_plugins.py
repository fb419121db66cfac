"""Calls the reward plug-ins in the argument shapes of their trainers; prints one JSON object. No trainer is needed:
ms-swift's interface (a class ORM and a table orms) is written into the folder given, as version 4 or as version 3.

Usage: rewards_plugins.py FOLDER 3|4
"""
import importlib.util
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGINS = os.path.join(HERE, "../../models/training/plugins")
INTERFACE = """
class ORM:
    def __init__(self, args=None, **kwargs):
        self.args = args

orms = {}
"""


def load(name):
    """A plug-in as the trainers load it: by its file, with nothing of ours on the path."""
    specification = importlib.util.spec_from_file_location(f"loaded_{name}", os.path.join(PLUGINS, f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def error_of(call):
    try:
        call()
    except (ValueError, SystemExit) as error:
        return str(error)
    return None


def main():
    folder, version = sys.argv[1:]
    package = os.path.join(folder, "swift")
    os.makedirs(package)
    open(os.path.join(package, "__init__.py"), "w").close()
    with open(os.path.join(package, "rewards.py" if version == "4" else "plugin.py"), "w") as file:
        file.write(INTERFACE)
    sys.path.append(folder)

    answer = '<answer>{"label": "Idle", "bbox_2d": [20,20,120,120]}</answer>'
    good = f"<think>The suction lies in the upper left.</think>{answer}"
    lost = good.replace("20,20,120,120", "300,200,400,300")
    truth = {"label": "Idle", "box": [20, 20, 120, 120], "width": 448, "height": 360}
    texts = [good, lost, "It is idle."]
    messages = [[{"role": "assistant", "content": text}] for text in texts]
    parted = [[{"role": "assistant", "content": [{"type": "text", "text": text}]}] for text in texts]
    prompts = [[{"role": "user", "content": "What is the state of suction?"}]] * 3
    solution = [json.dumps(truth)] * 3
    columns = {key: [value] * 3 for key, value in truth.items()}
    always = {"completion_ids": [[1], [2], [3]], "trainer_state": None}

    trl = load("trl_reward")
    verl = load("verl_reward")
    swift = load("swift_reward")
    reward = swift.orms["surgery_r1"](args=None)
    path = list(sys.path)
    result = {
        "trl": trl.surgery_r1_reward(prompts=prompts, completions=messages, solution=solution, **always),
        "trlText": trl.surgery_r1_reward(prompts=["?"] * 3, completions=texts, solution=[truth] * 3, **always),
        "trlParted": trl.surgery_r1_reward(prompts=prompts, completions=parted, **columns, **always),
        "trlUnmarked": trl.surgery_r1_reward(
            prompts=prompts, completions=texts, **{**columns, "box": [None] * 3, "boxUnknown": [True] * 3}, **always
        ),
        "trlCoherence": trl.coherence_reward(prompts=prompts, completions=texts, solution=solution, **always),
        "trlName": trl.surgery_r1_reward.__name__,
        "verl": [
            verl.compute_score(data_source="endovis", solution_str=text, ground_truth=solution[0], extra_info={})
            for text in texts
        ],
        # The extra information that verl's reward manager adds, and a question that names another subject.
        "verlQuestion": verl.compute_score(
            "endovis",
            good.replace("left.<", "left. The stapler lies in the lower right.<"),
            truth,
            {"num_turns": None, "rollout_reward_scores": {}, "question": "What is the state of stapler?"},
        )["coherence"],
        "swift": reward(completions=texts, solution=solution, messages=messages, trainer_state=None),
        "swiftNames": sorted(swift.orms),
        "swiftBox": swift.orms["surgery_r1_box"]()(completions=texts, solution=solution),
        "clean": not any("models/training" in entry and not entry.endswith("plugins") for entry in path),
        "noTruth": error_of(lambda: trl.surgery_r1_reward(prompts=prompts, completions=texts, answer=["x"] * 3)),
        "notJson": error_of(lambda: verl.compute_score("endovis", good, "Idle")),
        "lacking": error_of(lambda: verl.compute_score("endovis", good, {"label": "Idle"})),
        "fewer": error_of(lambda: reward(completions=texts, solution=solution[:2])),
    }
    configuration = os.path.join(folder, "rewards.json")
    os.environ["SURGERY_R1_REWARDS"] = configuration
    with open(configuration, "w") as file:
        json.dump({"coherence": {"weight": 0}}, file)
    result["withoutCoherence"] = trl.surgery_r1_reward(prompts=prompts, completions=texts, solution=solution)
    os.environ["SURGERY_R1_REWARDS"] = os.path.join(folder, "none.json")
    result["noConfiguration"] = error_of(lambda: reward(completions=texts, solution=solution))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
