"""Conversations about the example book: a question, one that follows it, and where its answer is.

The last is told besides as it reads without the conversation.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Two questions of a conversation.

    Attributes:
        first: The first question.
        follow_up: The second.
        standalone: The second, as it stands alone.
        page: The path of the page that answers it, beneath the book's folder.
        anchor: The section of that page.
    """

    first: str
    follow_up: str
    standalone: str
    page: str
    anchor: str


_SENSORS = "01-foundations/02-sensors.md"
_KINEMATICS = "01-foundations/03-kinematics.mdx"
_EMBODIMENT = "01-foundations/01-embodiment.md"
_ROS = "02-software/01-ros2.mdx"
_SIMULATION = "02-software/02-simulation.md"
_IMITATION = "03-learning/01-imitation-learning.md"
_REINFORCEMENT = "03-learning/02-reinforcement-learning.md"
_VLA = "03-learning/03-vision-language-action.mdx"
_CONTROL = "04-machines/01-control.md"
_GRASP = "04-machines/02-manipulation.md"
_HUMANOIDS = "04-machines/03-humanoids.md"
_SAFETY = "04-machines/04-safety.md"

DIALOGUES = tuple(
    Dialogue(*each)
    for each in (
        (
            "What is an IMU?",
            "Why does it drift?",
            "Why does an IMU drift?",
            _SENSORS,
            "imu",
        ),
        (
            "What is stereo depth?",
            "How does its error grow?",
            "How does the error of stereo depth grow with distance?",
            _SENSORS,
            "stereo-depth",
        ),
        (
            "What is a lidar?",
            "What does a nanosecond of error do to it?",
            "How much range error does a nanosecond of timing error give a lidar?",
            _SENSORS,
            "lidar-and-time-of-flight",
        ),
        (
            "What does a force-torque sensor measure?",
            "And without one?",
            "How is external torque estimated without a force-torque sensor?",
            _SENSORS,
            "force-torque-and-touch",
        ),
        (
            "What does a joint encoder report?",
            "Can it see backlash?",
            "Can a joint encoder see backlash?",
            _SENSORS,
            "joint-encoders",
        ),
        (
            "What is the zero-moment point?",
            "Where must it stay?",
            "Where must the zero-moment point stay?",
            _HUMANOIDS,
            "zero-moment-point",
        ),
        (
            "What is the capture point of a humanoid?",
            "How fast does it move away?",
            "How fast does the capture point move away from the centre of pressure?",
            _HUMANOIDS,
            "capture-point",
        ),
        (
            "What is a humanoid robot?",
            "How many joints does its leg need?",
            "How many joints does the leg of a humanoid need?",
            _HUMANOIDS,
            "anatomy-of-a-humanoid",
        ),
        (
            "What is whole-body control?",
            "How is it posed?",
            "As what kind of program is whole-body control posed?",
            _HUMANOIDS,
            "whole-body-control",
        ),
        (
            "How long does the battery of a humanoid last?",
            "And what is its cost of transport?",
            "What is the cost of transport of a humanoid?",
            _HUMANOIDS,
            "energy-and-endurance",
        ),
        (
            "What is quality of service in ROS 2?",
            "Which settings does it have?",
            "Which settings does quality of service have in ROS 2?",
            _ROS,
            "qos",
        ),
        (
            "What are nodes and topics?",
            "How do they differ from actions?",
            "How do nodes and topics differ from services and actions?",
            _ROS,
            "nodes-topics-services-and-actions",
        ),
        (
            "What is domain randomisation?",
            "What should be varied by it?",
            "What should be randomised by domain randomisation?",
            _SIMULATION,
            "what-to-randomise",
        ),
        (
            "What is the sim-to-real gap?",
            "How else can one close it?",
            "What other ways are there to close the sim-to-real gap?",
            _SIMULATION,
            "other-ways-to-close-the-gap",
        ),
        (
            "What is imitation learning?",
            "When is it not enough?",
            "When is imitation learning not enough?",
            _IMITATION,
            "when-imitation-is-not-enough",
        ),
        (
            "What is compounding error in behaviour cloning?",
            "How does DAgger help against it?",
            "How does DAgger help against compounding error?",
            _IMITATION,
            "dagger",
        ),
        (
            "What is reinforcement learning?",
            "How is its reward designed?",
            "How is the reward designed in reinforcement learning?",
            _REINFORCEMENT,
            "reward-design",
        ),
        (
            "What is PPO?",
            "Is it better than SAC?",
            "Is PPO better than SAC?",
            _REINFORCEMENT,
            "ppo-or-sac",
        ),
        (
            "What is a vision-language-action model?",
            "What are its limits?",
            "What are the limits of a vision-language-action model?",
            _VLA,
            "limits-of-vla-models",
        ),
        (
            "How does a VLA model work?",
            "How are actions turned into tokens there?",
            "How are actions turned into tokens in a VLA model?",
            _VLA,
            "action-tokenisation",
        ),
        (
            "What is impedance control?",
            "Which stiffness and damping does it use?",
            "Which stiffness and damping does impedance control use?",
            _CONTROL,
            "impedance-control",
        ),
        (
            "What is PD control?",
            "How does delay limit it?",
            "How does delay limit the bandwidth of PD control?",
            _CONTROL,
            "delay",
        ),
        (
            "What is force closure of a grasp?",
            "How hard must one squeeze for it?",
            "How hard must a gripper squeeze a grasp?",
            _GRASP,
            "grip-force",
        ),
        (
            "Which stop categories are there?",
            "Which of them cuts the power at once?",
            "Which stop category cuts the power at once?",
            _SAFETY,
            "stop-categories",
        ),
        (
            "What is speed and separation monitoring?",
            "How does it differ from power and force limiting?",
            "How does speed and separation monitoring differ from power and force limiting?",
            _SAFETY,
            "separation",
        ),
        (
            "What is inverse kinematics?",
            "What do damped least squares do for it?",
            "What do damped least squares do for inverse kinematics?",
            _KINEMATICS,
            "damped-least-squares",
        ),
        (
            "What is the Jacobian of an arm?",
            "What happens to it at a singularity?",
            "What happens to the Jacobian at a singularity?",
            _KINEMATICS,
            "singularities",
        ),
        (
            "What is embodiment?",
            "And what do gears do to it?",
            "What do gears do to a body?",
            _EMBODIMENT,
            "reflected-inertia",
        ),
    )
)
