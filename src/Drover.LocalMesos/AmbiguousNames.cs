// Names that Mesos and .NET both use, told apart once.
global using Drover.Mesos;
global using Drover.Mesos.V1;
global using Environment = System.Environment;
global using Task = System.Threading.Tasks.Task;
global using TaskStatus = Drover.Mesos.V1.TaskStatus;
global using V1Attribute = Drover.Mesos.V1.Attribute;
global using V1Task = Drover.Mesos.V1.Task;
